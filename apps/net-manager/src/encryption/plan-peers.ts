/** What WireGuard shall know of another node, or knows. */
export interface Peer {
  /** `<address>:<port>`, brackets around IPv6. `(none)`: it has not called yet. */
  readonly endpoint: string;
  /** One address with its length; more than one, as WireGuard prints them, when somebody else set it up. */
  readonly allowed: string;
  /** Seconds, or `off`. */
  readonly keepalive: string;
}
export type Peers = ReadonlyMap<string, Peer>;

export interface Device {
  readonly publicKey: string;
  readonly port: number;
  readonly peers: Peers;
}

/** Output of `wg show <device> dump`. The first line holds the private key: it goes no further. @throws TypeError when this is not it */
export function readDump(text: string): Device {
  const [first = '', ...lines] = text.trimEnd().split('\n').map((line) => line.split('\t'));
  if (first.length !== 4) throw new TypeError(`wg show: expected 4 fields in its first line, got ${first.length}`);
  return {
    publicKey: first[1] ?? '', port: Number(first[2]),
    peers: new Map(lines.map(([key = '', , endpoint = '', allowed = '', , , , keepalive = '']) => [key, { endpoint, allowed, keepalive }])),
  };
}

/**
 * Arguments for `wg set <device>` that lead from `had` to `wanted`; none when both agree.
 * A peer that has moved keeps the endpoint it called from: `told` says where it was last told to be, and only a change of that counts.
 */
export function planPeers(wanted: Peers, had: Peers, told: ReadonlyMap<string, string>): string[] {
  return [
    ...[...had.keys()].filter((key) => !wanted.has(key)).flatMap((key) => ['peer', key, 'remove']),
    ...[...wanted].flatMap(([key, { endpoint, allowed, keepalive }]) => {
      const now = had.get(key);
      const moved = now === undefined || now.endpoint === '(none)' || (told.has(key) && told.get(key) !== endpoint);
      const same = now !== undefined && now.allowed === allowed && now.keepalive === keepalive;
      if (!moved && same) return [];
      return ['peer', key, ...(moved ? ['endpoint', endpoint] : []), 'persistent-keepalive', keepalive, 'allowed-ips', allowed];
    }),
  ];
}
