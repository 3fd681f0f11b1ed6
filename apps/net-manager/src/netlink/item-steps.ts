import { parseAddress, parseSubnet, printAddress, sizeOf, type Address } from '@oak/addressing';
import { isBridgeElement, isNft, parseItem } from '../datapath/items.ts';
import { tableName } from '../datapath/names.ts';
import type { ItemChange } from '../overlay/claims.ts';
import { expressionsOf, verdict } from './expressions.ts';
import { attribute, big32, nested, text } from './message.ts';
import { verbs, type NfFamily, type Step } from './nftables.ts';
import { encodeOperand } from './operands.ts';
import { shapeOf, type SetShape } from './set-shapes.ts';

const table = attribute(1, text(tableName));
const listed = 1;
/** Where a range ends: `NFT_SET_ELEM_INTERVAL_END`. */
const intervalEnd = attribute(3, big32(1));
/** Of nft's own types, so that its listings name them. */
const typeNumbers: Readonly<Record<string, number>> = { ipv4_addr: 7, ipv6_addr: 8 };

/** The steps of these changes, those of nftables: whoever refers to another thing comes after it and goes before it. @throws TypeError a name or value is none of ours */
export function itemSteps(changes: readonly ItemChange[]): Step[] {
  const ours = changes.filter(({ id }) => isNft(id));
  const come = ours.filter(({ to }) => to !== undefined);
  const go = ours.filter(({ from }) => from !== undefined);
  const gone = ours.filter(({ to }) => to === undefined);
  const each = (some: readonly ItemChange[], kind: string, steps: (where: string, change: ItemChange) => Step[]) => some.filter(({ id }) => id.startsWith(`${kind}|`)).flatMap((change) => steps(parseItem(change.id).where, change));
  return [
    ...each(come, 'counter', (name) => [step(verbs.newObject, `add counter ${name}`, attribute(2, text(name)), attribute(3, big32(1)), nested(4))]),
    ...each(come, 'set', (name) => [addSet(name)]),
    ...each(come, 'chain', addChain),
    ...elementSteps('delete', go),
    ...elementSteps('add', come),
    ...each(gone, 'chain', (name) => [flush(name), step(verbs.delChain, `delete chain ${name}`, attribute(3, text(name)))]),
    ...each(gone, 'set', (name) => [step(verbs.delSet, `delete set ${name}`, attribute(2, text(name)))]),
    ...each(gone, 'counter', (name) => [step(verbs.delObject, `delete counter ${name}`, attribute(2, text(name)), attribute(3, big32(1)))]),
  ];
}

function step(verb: number, words: string, ...attributes: readonly Buffer[]): Step {
  return { family: 'inet', verb, text: words, attributes: [table, ...attributes] };
}

function addSet(name: string): Step {
  const { key: [type = 'ipv4_addr'] } = shapeIn(name);
  return step(verbs.newSet, `add set ${name}`, attribute(2, text(name)), attribute(3, big32(0)), attribute(4, big32(typeNumbers[type] ?? 0)), attribute(5, big32(type === 'ipv6_addr' ? 16 : 4)), attribute(10, big32(1)));
}

const flush = (chain: string): Step => step(verbs.delRule, `flush chain ${chain}`, attribute(2, text(chain)));

/** One that exists in another form is filled anew. */
function addChain(name: string, { from }: ItemChange): Step[] {
  const rules = expressionsOf(name);
  if (!rules) throw new TypeError(`${name}: no chain of ours is called so`);
  return [
    step(verbs.newChain, `add chain ${name}`, attribute(3, text(name))),
    ...(from === undefined ? [] : [flush(name)]),
    ...rules.map((expressions) => step(verbs.newRule, `add rule ${name}`, attribute(2, text(name)), nested(4, ...expressions))),
  ];
}

/** What an attribute holds is limited. */
const elementsPerStep = 300;

function elementSteps(verb: 'add' | 'delete', changes: readonly ItemChange[]): Step[] {
  const sets = new Map<string, { readonly family: NfFamily; readonly keys: string[]; readonly elements: Buffer[] }>();
  for (const { id, to = '' } of changes) {
    const { kind, where, key } = parseItem(id);
    if (kind !== 'element') continue;
    const set = sets.get(where) ?? { family: isBridgeElement(id) ? 'bridge' : 'inet', keys: [], elements: [] };
    if (set.keys.length === 0) sets.set(where, set);
    set.keys.push(key);
    set.elements.push(elementOf(shapeIn(where), key, verb === 'add' ? to : ''));
  }
  return [...sets].flatMap(([set, { family, keys, elements }]) => Array.from({ length: Math.ceil(elements.length / elementsPerStep) }, (_, n): Step => {
    const [from, to] = [n * elementsPerStep, (n + 1) * elementsPerStep];
    return {
      family, verb: verb === 'add' ? verbs.newElements : verbs.delElements, text: `${verb} in ${set}: ${keys.slice(from, to).slice(0, 3).join(', ')}${Math.min(to, keys.length) - from > 3 ? ' and others' : ''}`,
      attributes: [table, attribute(2, text(set)), nested(3, ...elements.slice(from, to))],
    };
  }));
}

/** A range is two: where it begins, and the first behind it. */
function elementOf({ key: types, value: valueTypes, isInterval }: SetShape, key: string, value: string): Buffer {
  const element = (operand: Buffer, ...more: readonly Buffer[]) => nested(listed, nested(1, attribute(1, operand)), ...more);
  if (isInterval) {
    const [begin, end] = bounds(key);
    return Buffer.concat([element(encodeOperand(types, begin)), ...(end === undefined ? [] : [element(encodeOperand(types, end), intervalEnd)])]);
  }
  const operand = encodeOperand(types, key);
  if (value === '') return element(operand);
  return element(operand, nested(2, valueTypes[0] === 'verdict' ? verdict(value) : attribute(1, encodeOperand(valueTypes, value))));
}

function bounds(range: string): [string, string | undefined] {
  const [first, last] = ends(range);
  if (!first || !last) throw new TypeError(`${range}: expected a range, e.g. 10.18.0.0/26`);
  const behind = last.value + 1n;
  return [printAddress(first), behind < 1n << (first.family === 4 ? 32n : 128n) ? printAddress({ family: first.family, value: behind }) : undefined];
}

/** The first and the last address of a subnet, or of what somebody else put there: `<first>-<last>`. */
function ends(range: string): [Address | undefined, Address | undefined] {
  const subnet = parseSubnet(range);
  if (subnet) return [{ family: subnet.family, value: subnet.base }, { family: subnet.family, value: subnet.base + sizeOf(subnet) - 1n }];
  const [from = '', to = from] = range.split('-');
  return [parseAddress(from), parseAddress(to)];
}

function shapeIn(set: string): SetShape {
  const shape = shapeOf(set);
  if (!shape) throw new TypeError(`${set}: no set of ours is called so`);
  return shape;
}
