import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { StateDir } from '@oak/process';

/** As WireGuard writes keys: 32 bytes in base64. */
const keySchema = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
export const isKey = (text: string): boolean => keySchema.test(text);

export interface OwnKey {
  readonly publicKey: string;
  /** Of the private one, which never leaves it. */
  readonly file: string;
}

const fileName = 'wireguard.key';
/** What stands before the 32 bytes of an X25519 key in PKCS #8. */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Made once, mode 0600. @throws Error when the file holds no key */
export function ownKey(state: StateDir): OwnKey {
  const text = state.once(fileName, () => `${newKey()}\n`).trim();
  if (!isKey(text)) throw new Error(`${state.file(fileName)} holds no WireGuard key; remove it and a new one is made`);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, Buffer.from(text, 'base64')]), format: 'der', type: 'pkcs8' });
  return { publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'), file: state.file(fileName) };
}

function newKey(): string {
  return generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
}
