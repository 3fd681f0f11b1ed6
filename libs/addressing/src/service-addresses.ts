import { printAddress, parseAddress } from './address.ts';
import { contains, nth, offsetOf, parseSubnet, sizeOf, type Subnet } from './subnet.ts';

/** What an address is for. */
export type AddressPurpose = 'round-robin' | 'closest' | 'instance';

/** The installation's ranges. IPv4 of all purposes shares one; IPv6 has one for each. */
export interface ServicePlan {
  readonly v4: string;
  readonly v6: Readonly<Record<AddressPurpose, string>>;
  /** The range around all of `v6`: whatever lies in it is a service or an instance, or nothing at all. */
  readonly v6All: string;
}

/** Oakestra's ranges. */
export const defaultServicePlan: ServicePlan = {
  v4: '10.30.0.0/16', v6: { 'round-robin': 'fdff:2000::/21', closest: 'fdff:1000::/21', instance: 'fdff::/21' }, v6All: 'fdff::/16',
};

export interface AddressPair { readonly ipv4: string; readonly ipv6: string }
export type AddressPins = Partial<AddressPair>;

/** Who has a pair, or when it was given back: a greater number later. */
export type Lease = (AddressPair & { readonly owner: string }) | { readonly ipv4: string; readonly freed: number };

export type PairPicked =
  | ({ readonly ok: true } & AddressPair)
  | { readonly ok: false; readonly reason: 'outside' | 'taken' | 'exhausted'; readonly family: 4 | 6; readonly text: string };

/** Which addresses of services and instances are in use. Knows no store: whoever writes decides which of two writers was first. */
export class ServiceAddresses {
  readonly #plan: ServicePlan;
  readonly #v4: Subnet;
  readonly #v6: Readonly<Record<AddressPurpose, Subnet>>;
  readonly #owners = new Map<string, string>();
  /** Offsets in the order in which they were given back. */
  readonly #freed = new Set<number>();
  #next = 1;

  /** @throws RangeError that names the range at fault */
  constructor(plan: ServicePlan = defaultServicePlan) {
    this.#plan = plan;
    this.#v4 = rangeOf(plan.v4, 4);
    this.#v6 = { 'round-robin': rangeOf(plan.v6['round-robin'], 6), closest: rangeOf(plan.v6.closest, 6), instance: rangeOf(plan.v6.instance, 6) };
  }

  /** What a store remembers, the ones freed first first. */
  load(leases: readonly Lease[]): void {
    for (const lease of leases.filter((one) => 'freed' in one).toSorted((a, b) => a.freed - b.freed)) this.#remember(lease.ipv4, 'freed');
    for (const lease of leases) if ('owner' in lease) this.take(lease, lease.owner);
  }

  /** A pair that nobody has, or the pinned one. Takes nothing yet: `take` follows when it was written. */
  pick(purpose: AddressPurpose, pins: AddressPins = {}): PairPicked {
    const { ipv4, ipv6 } = { ipv4: canonical(pins.ipv4), ipv6: canonical(pins.ipv6) };
    const refused = (ipv4 !== undefined && this.#refusal(ipv4, this.#v4)) || (ipv6 !== undefined && this.#refusal(ipv6, this.#v6[purpose]));
    if (refused) return refused;
    if (ipv4 !== undefined) return this.#withV4(purpose, ipv4, ipv6);
    for (const offset of this.#candidates()) {
      const picked = this.#withV4(purpose, nth(this.#v4, offset) ?? '', ipv6);
      if (picked.ok) return picked;
    }
    return { ok: false, reason: 'exhausted', family: 4, text: `no address is left in ${this.#plan.v4}` };
  }

  take({ ipv4, ipv6 }: AddressPair, owner: string): void {
    this.#owners.set(ipv4, owner).set(ipv6, owner);
    this.#remember(ipv4, 'taken');
  }

  free({ ipv4, ipv6 }: AddressPair): void {
    this.#owners.delete(ipv4);
    this.#owners.delete(ipv6);
    this.#remember(ipv4, 'freed');
  }

  ownerOf(address: string): string | undefined {
    return this.#owners.get(canonical(address) ?? '');
  }

  /** The next `count` that would be given; reserves nothing. */
  available(purpose: AddressPurpose, count: number): AddressPair[] {
    const found: AddressPair[] = [];
    for (const offset of this.#candidates()) {
      if (found.length >= count) break;
      const picked = this.#withV4(purpose, nth(this.#v4, offset) ?? '');
      if (picked.ok) found.push({ ipv4: picked.ipv4, ipv6: picked.ipv6 });
    }
    return found;
  }

  /** The IPv6 of a pair that was not pinned has the same offset as its IPv4. */
  #withV4(purpose: AddressPurpose, ipv4: string, pinnedV6?: string): PairPicked {
    const ipv6 = pinnedV6 ?? nth(this.#v6[purpose], offsetOf(this.#v4, ipv4) ?? 0) ?? '';
    const owner = this.#owners.get(ipv6);
    return owner === undefined ? { ok: true, ipv4, ipv6 } : { ok: false, reason: 'taken', family: 6, text: `${ipv6} is taken by ${owner}` };
  }

  #refusal(address: string, range: Subnet): Extract<PairPicked, { ok: false }> | undefined {
    const { family } = range;
    if (!contains(range, address) || offsetOf(range, address) === 0) {
      return { ok: false, reason: 'outside', family, text: `${address} is outside of ${printAddress({ family, value: range.base })}/${range.prefix}` };
    }
    const owner = this.#owners.get(address);
    return owner === undefined ? undefined : { ok: false, reason: 'taken', family, text: `${address} is taken by ${owner}` };
  }

  /** Never used ones first, then the ones freed longest ago: others may still know their past owner. */
  * #candidates(): Generator<number> {
    const last = Number(sizeOf(this.#v4)) - 2;
    for (let offset = this.#next; offset <= last; offset += 1) {
      if (isCommon(offset) && !this.#freed.has(offset) && !this.#owners.has(nth(this.#v4, offset) ?? '')) yield offset;
    }
    yield* [...this.#freed];
  }

  #remember(ipv4: string, state: 'taken' | 'freed'): void {
    const offset = offsetOf(this.#v4, ipv4);
    if (offset === undefined) return;
    this.#freed.delete(offset);
    if (state === 'freed') this.#freed.add(offset);
    while (!isCommon(this.#next) || this.#freed.has(this.#next) || this.#owners.has(nth(this.#v4, this.#next) ?? '')) this.#next += 1;
  }
}

/** Last octets 0, 254 and 255 are given only to who asks for them, as in Oakestra. */
function isCommon(offset: number): boolean {
  const octet = offset % 256;
  return octet > 0 && octet < 254;
}

function canonical(address: string | undefined): string | undefined {
  const parsed = address === undefined || address === '' ? undefined : parseAddress(address);
  return parsed ? printAddress(parsed) : address === '' ? undefined : address;
}

function rangeOf(text: string, family: 4 | 6): Subnet {
  const range = parseSubnet(text);
  if (range?.family !== family) throw new RangeError(`${text}: must be an IPv${family} range, e.g. ${family === 4 ? defaultServicePlan.v4 : defaultServicePlan.v6All}`);
  return range;
}
