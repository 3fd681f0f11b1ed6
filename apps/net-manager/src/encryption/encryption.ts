import { parseAddress } from '@oak/addressing';
import type { PeerRoute, Route } from '@oak/contracts';
import { batched } from '../datapath/batched.ts';
import { innerAddress } from './inner-address.ts';
import { isKey } from './keys.ts';
import { planPeers, type Peer } from './plan-peers.ts';
import type { EncryptionKind, EncryptionMode } from './probe-encryption.ts';
import type { WireguardDevice } from './wireguard-device.ts';

export interface EncryptionOptions {
  readonly mode: EncryptionMode;
  readonly kind: EncryptionKind;
  /** Why there is none though it is wanted, for people. */
  readonly lacking: string;
  /** Undefined with kind `none`. */
  readonly device: WireguardDevice | undefined;
  readonly publicKey: string | undefined;
  /** Where other nodes are asked by WireGuard until they call themselves. */
  readonly port: number;
}

const keepaliveSeconds = '25';

/** Which nodes are reached through WireGuard, and the device brought to it. */
export class Encryption {
  readonly #options: EncryptionOptions;
  /** Where each peer was last told to be, by key. */
  readonly #told = new Map<string, string>();
  #problem: string | undefined;

  constructor(options: EncryptionOptions) {
    this.#options = options;
  }

  get kind(): EncryptionKind {
    return this.#options.kind;
  }

  get publicKey(): string | undefined {
    return this.#options.publicKey;
  }

  /** Why a node may not be reached as it is told; undefined: it may. */
  fault({ publicKey }: PeerRoute): string | undefined {
    const { mode, kind } = this.#options;
    if (publicKey !== undefined && !isKey(publicKey)) return 'what it says to be its WireGuard key is none';
    if (mode !== 'required') return undefined;
    if (kind === 'none') return 'this node requires encryption and can not encrypt';
    return publicKey === undefined ? 'it does not encrypt, and this node requires it' : undefined;
  }

  /** The peer as its tunnel is reached: inside WireGuard when both ends have keys. */
  reached(peer: PeerRoute): PeerRoute {
    return this.#isEncrypted(peer) ? { ...peer, host: innerAddress(peer.cluster, peer.node) } : peer;
  }

  /** Why this node can not take part as it shall: only where encryption is required. */
  lacking(): string[] {
    const { mode, kind, lacking } = this.#options;
    return mode === 'required' && kind === 'none' ? [`encryption is required: ${lacking}`] : [];
  }

  problems(): string[] {
    return this.#problem === undefined ? [] : [`encryption: ${this.#problem}`];
  }

  /** Brings the device to these routes, all of them. Never throws: what is wrong is in `problems`. */
  async use(routes: Iterable<Route>): Promise<void> {
    if (this.#options.device) await this.#use([...routes].filter((route) => route.kind === 'peer'));
  }

  readonly #use = batched<readonly PeerRoute[]>(async (all) => {
    try {
      await this.#converge(all.at(-1) ?? []);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  });

  async #converge(routes: readonly PeerRoute[]): Promise<void> {
    const { device } = this.#options;
    if (!device) return;
    const { peers: had } = await device.ensure();
    const wanted = this.#peers(routes);
    await device.set(planPeers(wanted, had, this.#told));
    this.#told.clear();
    for (const [key, { endpoint }] of wanted) this.#told.set(key, endpoint);
  }

  /** A key is one node's: of two that say to have it, the first by name. */
  #peers(routes: readonly PeerRoute[]): Map<string, Peer> {
    const peers = new Map<string, Peer>();
    for (const route of routes.filter((one) => this.#isEncrypted(one)).toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const { publicKey = '', host, cluster, node } = route;
      if (!peers.has(publicKey)) peers.set(publicKey, { endpoint: `${parseAddress(host)?.family === 6 ? `[${host}]` : host}:${this.#options.port}`, allowed: `${innerAddress(cluster, node)}/128`, keepalive: keepaliveSeconds });
    }
    return peers;
  }

  #isEncrypted({ publicKey }: PeerRoute): boolean {
    return this.#options.kind !== 'none' && publicKey !== undefined && publicKey !== this.#options.publicKey && isKey(publicKey);
  }
}
