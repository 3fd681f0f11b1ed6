/**
 * Names for the things in the kernel that come and go: `kind|where|key`. Each has a value; what the name tells already is not told again
 * (the rules of a chain follow from its name, so a chain that exists is right).
 */
export const item = {
  /** Of a set (value empty) or a map of ours, as nft writes key and value. */
  element: (set: string, key: string): string => `element|${set}|${key}`,
  chain: (name: string): string => `chain|${name}|`,
  set: (name: string): string => `set|${name}|`,
  counter: (name: string): string => `counter|${name}|`,
  /** Value: a MAC. */
  neighbour: (link: string, address: string): string => `neighbour|${link}|${address}`,
  /** With its length. */
  address: (link: string, address: string): string => `address|${link}|${address}`,
  /** To which machine a tunnel sends what is for a MAC. Value: `<address> <port>`. */
  endpoint: (tunnel: string, mac: string): string => `endpoint|${tunnel}|${mac}`,
  /** Value: `<gateway, or empty> <link> <preferred source, or empty>`. */
  route: (table: string, range: string): string => `route|${table}|${range}`,
  /** What carries this mark and comes from this link looks into the table of this number. */
  lookup: (family: 4 | 6, mark: number, link: string): string => `lookup|${family}|${mark} ${link}`,
} as const;

export type ItemKind = keyof typeof item;
const nftKinds: readonly ItemKind[] = ['element', 'chain', 'set', 'counter'];

export interface ItemName {
  readonly kind: ItemKind;
  readonly where: string;
  readonly key: string;
}

export function parseItem(id: string): ItemName {
  const [kind, where = '', key = ''] = id.split('|');
  if (kind === undefined || !(kind in item)) throw new TypeError(`${JSON.stringify(id)} names nothing in the kernel`);
  return { kind: kind as ItemKind, where, key };
}

/** Whether nft makes it; else ip and bridge do. */
export function isNft(id: string): boolean {
  return nftKinds.some((kind) => id.startsWith(`${kind}|`));
}

/** Sets that live in the table of the bridge family. */
export const bridgeSets = ['mac', 'from4', 'from6'] as const;
export function isBridgeElement(id: string): boolean {
  return bridgeSets.some((set) => id.startsWith(`element|${set}|`));
}
