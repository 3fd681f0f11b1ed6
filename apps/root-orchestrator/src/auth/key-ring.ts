import { randomUUID } from 'node:crypto';
import type { StateDir } from '@oak/process';
import type { Clock } from '@oak/reconcile';
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';

export const algorithm = 'RS256';
const file = 'token-keys.json';
/** Of before keys had names. */
const formerFile = 'token-key.json';

const ringSchema = z.object({ keys: z.array(z.object({ kid: z.string(), createdAtMs: z.number(), jwk: z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string() }) })).min(1) });
type StoredKey = z.infer<typeof ringSchema>['keys'][number];

/** `oldestMs`: a new key is made when the newest is older. `keptMs`: how long tokens of an older one are good. */
export interface KeyPolicy { readonly oldestMs: number; readonly keptMs: number }

/** Keys that sign tokens, in a file of mode 0600. The newest signs; older ones check until nothing that they signed can be good any more. */
export class KeyRing {
  readonly #state: Pick<StateDir, 'read' | 'write'>;
  readonly #clock: Clock;
  readonly #policy: KeyPolicy;
  readonly #imported = new Map<string, { private: CryptoKey; public: CryptoKey }>();
  #keys: readonly StoredKey[];
  #turning: Promise<void> | undefined;

  private constructor(state: Pick<StateDir, 'read' | 'write'>, clock: Clock, policy: KeyPolicy, keys: readonly StoredKey[]) {
    this.#state = state;
    this.#clock = clock;
    this.#policy = policy;
    this.#keys = keys;
  }

  static async open(state: Pick<StateDir, 'read' | 'write'>, clock: Clock, policy: KeyPolicy): Promise<KeyRing> {
    const ring = new KeyRing(state, clock, policy, stored(state));
    if (ring.#keys.length === 0) await ring.rotate();
    return ring;
  }

  /** Makes a new key, and forgets those whose tokens are all over. */
  rotate(): Promise<void> {
    this.#turning ??= this.#turn().finally(() => { this.#turning = undefined; });
    return this.#turning;
  }

  async signing(): Promise<{ kid: string; key: CryptoKey }> {
    if (this.#clock.now() - (this.#keys[0]?.createdAtMs ?? 0) >= this.#policy.oldestMs) await this.rotate();
    const [newest] = this.#keys;
    if (!newest) throw new Error(`no key signs tokens: ${file} in root's state folder is empty`);
    return { kid: newest.kid, key: (await this.#import(newest)).private };
  }

  /** Undefined: not ours. `kid` undefined: a token of before keys had names. */
  async checking(kid: string | undefined): Promise<CryptoKey | undefined> {
    const found = this.#keys.find((one) => one.kid === (kid ?? ''));
    return found && (await this.#import(found)).public;
  }

  /** For whoever checks tokens himself: the public halves, as RFC 7517 has them. */
  publicKeys(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ kid, jwk: { kty, n, e } }) => ({ kty, n, e, kid, use: 'sig', alg: algorithm })) };
  }

  async #turn(): Promise<void> {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const now = this.#clock.now();
    const made = { kid: randomUUID(), createdAtMs: now, jwk: await exportJWK(privateKey) };
    // A key was in use until the one after it was made.
    const kept = this.#keys.filter((_, at) => now - (this.#keys[at - 1]?.createdAtMs ?? now) < this.#policy.keptMs);
    const ring = ringSchema.parse({ keys: [made, ...kept] });
    this.#state.write(file, JSON.stringify(ring));
    this.#keys = ring.keys;
    for (const kid of this.#imported.keys()) if (!ring.keys.some((one) => one.kid === kid)) this.#imported.delete(kid);
  }

  async #import({ kid, jwk }: StoredKey): Promise<{ private: CryptoKey; public: CryptoKey }> {
    const known = this.#imported.get(kid);
    if (known) return known;
    const { kty, n, e } = jwk;
    const both = { private: await importKey(jwk), public: await importKey({ kty, n, e }) };
    this.#imported.set(kid, both);
    return both;
  }
}

/** Newest first. @throws Error when the file is damaged */
function stored(state: Pick<StateDir, 'read'>): readonly StoredKey[] {
  const text = state.read(file);
  if (text !== undefined) return ringSchema.parse(JSON.parse(text)).keys;
  const former = state.read(formerFile);
  return former === undefined ? [] : ringSchema.parse({ keys: [{ kid: '', createdAtMs: 0, jwk: JSON.parse(former) as unknown }] }).keys;
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('the token key is not an RSA key');
  return key;
}
