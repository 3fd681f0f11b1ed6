/** What a set's keys and a map's values are made of, as nft names it. `verdict`: where to go on. */
export type DataType = 'ipv4_addr' | 'ipv6_addr' | 'ether_addr' | 'ifname' | 'inet_proto' | 'inet_service' | 'mark' | 'number' | 'verdict';

export interface SetShape {
  readonly key: readonly DataType[];
  /** Empty: a set. */
  readonly value: readonly DataType[];
  /** Its keys are ranges. */
  readonly isInterval: boolean;
}

const address = (family: string | undefined): DataType => (family === '6' ? 'ipv6_addr' : 'ipv4_addr');
const shape = (key: readonly DataType[], value: readonly DataType[] = [], isInterval = false): SetShape => ({ key, value, isInterval });

/** Of our sets by their names; undefined: none of ours is called so. A test compares it with what nft makes of the tables' text. */
export function shapeOf(set: string): SetShape | undefined {
  const [, name = '', family] = /^(node|nodes|service|tunnel|port|svc|caller|one|source|slot|from|d)([46])(?:_[a-z0-9]+)?$/.exec(set) ?? [];
  switch (name) {
    case 'node': case 'nodes': case 'service': return shape([address(family)], [], true);
    case 'tunnel': case 'd': return shape([address(family)]);
    case 'port': return shape(['inet_proto', 'inet_service'], [address(family), 'inet_service']);
    case 'svc': case 'caller': return shape([address(family)], ['verdict']);
    case 'one': case 'source': return shape([address(family)], [address(family)]);
    case 'slot': return shape(['number'], [address(family)]);
    case 'from': return shape(['ifname', address(family)]);
    default: return set === 'marks' ? shape(['ether_addr'], ['mark']) : set === 'mac' ? shape(['ifname', 'ether_addr']) : undefined;
  }
}
