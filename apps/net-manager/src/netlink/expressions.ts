import { counterName, openSet, parseCallerChain, parseServiceChain, slotMap, type Mode } from '../datapath/chains.ts';
import { attribute, big32, nested, text } from './message.ts';

/** Registers of a rule: where it ends, and one for values. */
const register = { verdict: 0, one: 1 } as const;
const verdictCodes = { accept: 1, goto: -4 } as const;
const listed = 1;

/** One expression of a rule (`NFTA_EXPR_*`). */
const expression = (name: string, ...attributes: readonly Buffer[]): Buffer => nested(listed, attribute(1, text(name)), nested(2, ...attributes));

/** Only packets of this family: `NFT_META_NFPROTO` is 15, `NFPROTO_IPV4` 2, `NFPROTO_IPV6` 10. */
const ofFamily = (family: 4 | 6): Buffer[] => [
  expression('meta', attribute(1, big32(register.one)), attribute(2, big32(15))),
  expression('cmp', attribute(1, big32(register.one)), attribute(2, big32(0)), nested(3, attribute(1, Buffer.from([family === 4 ? 2 : 10])))),
];

/** From the header of IP. */
const addressAt = (family: 4 | 6, offset: number): Buffer => expression('payload', attribute(1, big32(register.one)), attribute(2, big32(1)), attribute(3, big32(offset)), attribute(4, big32(addressBytes(family))));
const source = (family: 4 | 6): Buffer => addressAt(family, family === 4 ? 12 : 8);
const destination = (family: 4 | 6): Buffer => addressAt(family, family === 4 ? 16 : 24);
const addressBytes = (family: 4 | 6): number => (family === 4 ? 4 : 16);

/** `NFTA_DATA_VERDICT` in the value of an element or an expression. */
export function verdict(action: string): Buffer {
  const [, chain] = /^goto (\S+)$/.exec(action) ?? [];
  if (chain === undefined && action !== 'accept') throw new TypeError(`${action} leads nowhere: expected accept or goto <chain>`);
  return nested(2, attribute(1, big32(chain === undefined ? verdictCodes.accept : verdictCodes.goto)), ...(chain === undefined ? [] : [attribute(2, text(chain))]));
}

const decide = (action: string): Buffer => expression('immediate', attribute(1, big32(register.verdict)), nested(2, verdict(action)));
const counted = (counter: string): Buffer => expression('objref', attribute(1, big32(1)), attribute(2, text(counter)));

/** A number of a slot: in turn, or by who calls. The seed is that of the rule's text. */
const pick = (family: 4 | 6, mode: Mode, slots: number, offset: number): Buffer[] => (mode === 'inc'
  ? [expression('numgen', attribute(1, big32(register.one)), attribute(2, big32(slots)), attribute(3, big32(0)), attribute(4, big32(offset)))]
  : [source(family), expression('hash', attribute(1, big32(register.one)), attribute(2, big32(register.one)), attribute(3, big32(addressBytes(family))), attribute(4, big32(slots)), attribute(5, big32(0x6f616b)), attribute(6, big32(offset)), attribute(7, big32(0)))]);

/** Instead of the register the value that a map has for it. */
const translated = (map: string): Buffer => expression('lookup', attribute(1, text(map)), attribute(2, big32(register.one)), attribute(3, big32(register.one)));
const isIn = (set: string): Buffer => expression('lookup', attribute(1, text(set)), attribute(2, big32(register.one)));
const sendTo = (family: 4 | 6): Buffer => expression('nat', attribute(1, big32(1)), attribute(2, big32(family === 4 ? 2 : 10)), attribute(3, big32(register.one)));

/** The rules of one of our chains by its name, each a list of expressions: the same as `rulesOf` says in words (a test compares what the kernel makes of both). Undefined: no chain of ours is called so. */
export function expressionsOf(chain: string): readonly (readonly Buffer[])[] | undefined {
  const service = parseServiceChain(chain);
  if (service) {
    const { id, offset, mode, slots4, slots6 } = service;
    const spread = (family: 4 | 6, slots: number) => (slots > 0 ? [[...ofFamily(family), ...pick(family, mode, slots, offset), translated(slotMap(family, id)), sendTo(family)]] : []);
    return [[counted(counterName(id))], ...spread(4, slots4), ...spread(6, slots6)];
  }
  const mayCall = (family: 4 | 6, scope: string) => [...ofFamily(family), destination(family), isIn(openSet(family, scope)), decide('accept')];
  const scopes = parseCallerChain(chain);
  return scopes && [...scopes.flatMap((scope) => [mayCall(4, scope), mayCall(6, scope)]), [decide('goto outside')]];
}
