import { parseAddress, printAddress } from '@oak/addressing';
import { rulesOf } from '../datapath/chains.ts';
import { item } from '../datapath/items.ts';
import type { Table } from '../datapath/kernel.ts';
import { tableName } from '../datapath/names.ts';
import { chainsOf, type TableFamily } from '../datapath/table.ts';
import type { Items } from '../overlay/claims.ts';
import { attribute, attributesBy, attributesOf, readText, text } from './message.ts';
import { ChangedMeanwhile, verbs, type Nftables } from './nftables.ts';
import { decodeOperand } from './operands.ts';
import { shapeOf, type SetShape } from './set-shapes.ts';

export interface ReadTable {
  readonly table: Table;
  readonly items: Items;
}

const inTable = attribute(1, text(tableName));
const comesAndGoes = /^d[46]_/;

/** What the kernel has in our table of this family; undefined: there is none. @throws ToolError */
export function readTable(nftables: Nftables, family: TableFamily): ReadTable | undefined {
  return nftables.settled(() => {
    const names = (verb: number, attributeOfName: number) => [...nftables.list(family, verb, [inTable])].map((body) => attributesBy(body)).filter((one) => readText(one.get(1)) === tableName).map((one) => readText(one.get(attributeOfName)));
    const chains = names(verbs.getChain, 3);
    if (chains.length === 0) return undefined;
    const rules = new Map<string, number>();
    for (const chain of names(verbs.getRule, 2)) rules.set(chain, (rules.get(chain) ?? 0) + 1);
    const fixed = new Set(chainsOf(family, { bridge: '', tunnelPort: 1, services: true }).map(({ name }) => name));
    const marker = chains.find((name) => name.startsWith('rules_'));
    const items = new Map<string, string>();
    // A chain has the value that it shall have when all of its rules are there.
    for (const name of chains) if (name !== marker && !fixed.has(name)) items.set(item.chain(name), rulesOf(name)?.length === (rules.get(name) ?? 0) ? '' : 'damaged');
    for (const name of names(verbs.getObject, 2)) items.set(item.counter(name), '');
    for (const set of names(verbs.getSet, 2)) nftables.settled(() => { readSet(nftables, family, set, items); });
    return { table: { marker, rules: [...rules].reduce((sum, [chain, count]) => sum + (fixed.has(chain) ? count : 0), 0) }, items };
  });
}

/** One that is none of ours has nothing in it that is. */
function readSet(nftables: Nftables, family: TableFamily, set: string, items: Map<string, string>): void {
  if (comesAndGoes.test(set)) items.set(item.set(set), '');
  const shape = shapeOf(set);
  if (!shape) return;
  const elements = elementsOf(nftables, family, set);
  if (shape.isInterval) for (const range of rangesOf(shape, elements)) items.set(item.element(set, range), '');
  else for (const element of elements) items.set(item.element(set, decodeOperand(shape.key, dataOf(element.get(1)))), valueOf(shape, element.get(2)));
}

type Element = ReadonlyMap<number, Buffer>;

/** While a set grows the kernel puts its elements in another order, and a list that it gives in parts then has some twice and lacks as many: such a list is asked for again. */
function elementsOf(nftables: Nftables, family: TableFamily, set: string): Element[] {
  const bodies = [...nftables.list(family, verbs.getElements, [inTable, attribute(2, text(set))])];
  const elements = bodies.flatMap((body) => [...attributesOf(attributesBy(body).get(3) ?? Buffer.alloc(0))].map(([, element]) => attributesBy(element)));
  const keys = new Set(elements.map((element) => `${element.get(1)?.toString('latin1')} ${element.get(3)?.toString('latin1')}`));
  if (keys.size < elements.length) throw new ChangedMeanwhile();
  return elements;
}

/** `NFTA_DATA_VALUE` */
const dataOf = (data: Buffer | undefined): Buffer => attributesBy(data ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0);

function valueOf({ value }: SetShape, data: Buffer | undefined): string {
  if (value.length === 0) return '';
  if (value[0] !== 'verdict') return decodeOperand(value, dataOf(data));
  const verdict = attributesBy(attributesBy(data ?? Buffer.alloc(0)).get(2) ?? Buffer.alloc(0));
  const chain = verdict.get(2);
  return chain ? `goto ${readText(chain)}` : `verdict ${verdict.get(1)?.readInt32BE() ?? ''}`;
}

/** From where each begins and where each ends: the kernel lists both, in any order. One that is no subnet is told as it is, and so replaced. */
function rangesOf({ key }: SetShape, elements: readonly Element[]): string[] {
  const numbers = (isEnd: boolean) => elements.filter((element) => ((element.get(3)?.readUInt32BE() ?? 0) % 2 === 1) === isEnd).map((element) => parseAddress(decodeOperand(key, dataOf(element.get(1))))?.value ?? 0n).toSorted((a, b) => (a < b ? -1 : 1));
  const family = key[0] === 'ipv6_addr' ? 6 : 4;
  const bits = family === 6 ? 128 : 32;
  const ends = numbers(true);
  return numbers(false).map((begin) => {
    const behind = ends.find((one) => one > begin) ?? 1n << BigInt(bits);
    const [size, from] = [behind - begin, printAddress({ family, value: begin })];
    const isSubnet = (size & (size - 1n)) === 0n && begin % size === 0n;
    return isSubnet ? `${from}/${bits - size.toString(2).length + 1}` : `${from}-${printAddress({ family, value: behind - 1n })}`;
  });
}

/** Packets that passed each counter of our table, by its name. @throws ToolError */
export function readCounters(nftables: Nftables): Map<string, number> {
  return nftables.settled(() => new Map([...nftables.list('inet', verbs.getObject, [inTable])].map((body) => attributesBy(body)).filter((one) => readText(one.get(1)) === tableName)
    .map((one) => [readText(one.get(2)), Number(attributesBy(one.get(4) ?? Buffer.alloc(0)).get(2)?.readBigUInt64BE() ?? 0n)])));
}
