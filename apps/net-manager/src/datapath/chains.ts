import { shardOf } from '../overlay/slot-space.ts';

export type Role = 's' | 'c';
export type Mode = 'inc' | 'hash';

/** All that the rules of a service's chain depend on: `s` for every instance, `c` for the closest. Numbers of slots, by family; 0: that family is refused. */
export interface ServiceChain {
  readonly role: Role;
  readonly id: string;
  readonly offset: number;
  readonly slots4: number;
  readonly slots6: number;
  readonly mode: Mode;
}

export function printServiceChain({ role, id, offset, slots4, slots6, mode }: ServiceChain): string {
  return [role, id, offset, slots4, slots6, mode].join('_');
}

export function parseServiceChain(name: string): ServiceChain | undefined {
  const [, role, id = '', offset, slots4, slots6, mode] = /^([sc])_([0-9a-f]{24})_(\d{1,9})_(\d{1,5})_(\d{1,5})_(inc|hash)$/.exec(name) ?? [];
  if (role === undefined) return undefined;
  return { role: role === 's' ? 's' : 'c', id, offset: Number(offset), slots4: Number(slots4), slots6: Number(slots6), mode: mode === 'inc' ? 'inc' : 'hash' };
}

export const slotMap = (family: 4 | 6, serviceId: string): string => `slot${family}_${shardOf(serviceId)}`;
export const counterName = (serviceId: string): string => `n_${serviceId}`;
/** Where the packets of an instance go that may call what these scopes have. */
export const callerChain = (scopes: readonly string[]): string => `k_${scopes.join('_')}`;
/** Addresses that callers of this scope may call. */
export const openSet = (family: 4 | 6, scope: string): string => `d${family}_${scope}`;

/** Undefined: it is no caller's chain. */
export function parseCallerChain(name: string): readonly string[] | undefined {
  return /^k(?:_[a-z0-9]{1,40}){1,4}$/.test(name) ? name.split('_').slice(1) : undefined;
}

/** Undefined: no chain of ours is called so. */
export function rulesOf(name: string): readonly string[] | undefined {
  const service = parseServiceChain(name);
  if (service) return serviceRules(service);
  const scopes = parseCallerChain(name);
  return scopes && [...scopes.flatMap((scope) => [`ip daddr @${openSet(4, scope)} accept`, `ip6 daddr @${openSet(6, scope)} accept`]), 'goto outside'];
}

function serviceRules({ id, offset, slots4, slots6, mode }: ServiceChain): string[] {
  // Else a packet of one family would move the other's turn on.
  const only = (protocol: string) => (mode === 'inc' ? `meta nfproto ${protocol} ` : '');
  const pick = (family: 'ip' | 'ip6', slots: number) => (mode === 'inc' ? `numgen inc mod ${slots}` : `jhash ${family} saddr mod ${slots} seed 0x6f616b`);
  return [
    `counter name "${counterName(id)}"`,
    ...(slots4 > 0 ? [`${only('ipv4')}dnat ip to ${pick('ip', slots4)} offset ${offset} map @${slotMap(4, id)}`] : []),
    ...(slots6 > 0 ? [`${only('ipv6')}dnat ip6 to ${pick('ip6', slots6)} offset ${offset} map @${slotMap(6, id)}`] : []),
  ];
}

/** What `add set` says after the name. Undefined: no set of ours that comes and goes is called so. */
export function setTypeOf(name: string): string | undefined {
  const [, family] = /^d([46])_[a-z0-9]{1,40}$/.exec(name) ?? [];
  return family === undefined ? undefined : `{ type ipv${family}_addr; }`;
}
