import type { StateDir } from '@oak/process';
import type { Run } from '../datapath/run.ts';
import type { Place } from '../overlay/nearest.ts';
import { Encryption } from './encryption.ts';
import { innerAddress } from './inner-address.ts';
import { ownKey } from './keys.ts';
import { probeEncryption, type EncryptionMode, type ProbedEncryption } from './probe-encryption.ts';
import { removeDevice, WireguardDevice } from './wireguard-device.ts';

/** Around an instance's packet: VXLAN by IPv6 (70 bytes) goes through the device, which adds 60 where machines talk by IPv4. */
export const insideOverhead = 70;
export const encryptedOverhead = insideOverhead + 60;

export interface EncryptionConfig {
  readonly mode: EncryptionMode;
  readonly device: string;
  readonly port: number;
}

/** A node without a cluster has nobody to talk to. */
export function probeFor({ mode }: EncryptionConfig, place: Place | undefined, run: Run): Promise<ProbedEncryption> {
  return mode === 'off' || !place ? Promise.resolve({ kind: 'none', lacking: '' }) : probeEncryption(run);
}

/** `mtu`: bytes of an instance's largest packet. */
export async function openEncryption(config: EncryptionConfig, { kind, lacking }: ProbedEncryption, place: Place | undefined, mtu: number, state: StateDir, run: Run): Promise<Encryption> {
  const { mode, device: name, port } = config;
  if (kind === 'none' || !place) {
    await removeDevice(name, run);
    return new Encryption({ mode, kind: 'none', lacking, device: undefined, publicKey: undefined, port });
  }
  const key = ownKey(state);
  const device = new WireguardDevice({ name, kind, mtu: mtu + insideOverhead, address: innerAddress(place.cluster, place.node), port, key }, run);
  return new Encryption({ mode, kind, lacking, device, publicKey: key.publicKey, port });
}
