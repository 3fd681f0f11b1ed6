import { existsSync } from 'node:fs';
import type { Run } from '../datapath/run.ts';

export const encryptionModes = ['auto', 'off', 'required'] as const;
export type EncryptionMode = (typeof encryptionModes)[number];
/** What makes the device. */
export type EncryptionKind = 'wireguard' | 'wireguard-go' | 'none';

export interface ProbedEncryption {
  readonly kind: EncryptionKind;
  /** Of `none`, for people. */
  readonly lacking: string;
}

/** What this machine can encrypt with: its kernel, else wireguard-go. */
export async function probeEncryption(run: Run): Promise<ProbedEncryption> {
  const tries = async (command: string) => (await run('/bin/sh', ['-c', command])).code === 0;
  if (!await tries('command -v wg')) return { kind: 'none', lacking: 'wg is not in PATH (Debian package wireguard-tools)' };
  if (await tries('exec unshare --net ip link add name oakwg type wireguard')) return { kind: 'wireguard', lacking: '' };
  if (!await tries('command -v wireguard-go')) return { kind: 'none', lacking: 'this kernel has no WireGuard, and wireguard-go is not in PATH' };
  return existsSync('/dev/net/tun') ? { kind: 'wireguard-go', lacking: '' } : { kind: 'none', lacking: 'this kernel has no WireGuard, and wireguard-go needs /dev/net/tun' };
}
