import type { ItemChange } from '../overlay/claims.ts';
import { rulesOf, setTypeOf } from './chains.ts';
import { isBridgeElement, parseItem } from './items.ts';
import { tableName } from './names.ts';

/** New things of nftables as lines for `nft -f`, for the one transaction in which a table is replaced with all that is in it. */
export function itemText(changes: readonly ItemChange[]): string[] {
  const each = (kind: string, line: (where: string) => string[]) => changes.filter(({ id }) => id.startsWith(`${kind}|`)).flatMap(({ id }) => line(parseItem(id).where));
  return [
    ...each('counter', (name) => [`add counter inet ${tableName} ${name}`]),
    ...each('set', (name) => [`add set inet ${tableName} ${name} ${setTypeOf(name) ?? ''}`]),
    ...each('chain', (name) => [`add chain inet ${tableName} ${name}`, ...(rulesOf(name) ?? []).map((rule) => `add rule inet ${tableName} ${name} ${rule}`)]),
    ...elementLines(changes),
  ];
}

/** A line has its price, so it takes many elements; but not so many that a refused one could not be found. */
const elementsPerLine = 500;

function elementLines(changes: readonly ItemChange[]): string[] {
  const sets = new Map<string, string[]>();
  for (const { id, to } of changes) {
    const { kind, where, key } = parseItem(id);
    if (kind !== 'element') continue;
    const set = `${isBridgeElement(id) ? 'bridge' : 'inet'} ${tableName} ${where}`;
    const elements = sets.get(set) ?? [];
    if (elements.length === 0) sets.set(set, elements);
    elements.push(to === '' ? key : `${key} : ${to}`);
  }
  return [...sets].flatMap(([set, elements]) => Array.from({ length: Math.ceil(elements.length / elementsPerLine) }, (_, line) =>
    `add element ${set} { ${elements.slice(line * elementsPerLine, (line + 1) * elementsPerLine).join(', ')} }`));
}
