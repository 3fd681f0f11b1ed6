import { contains, defaultServicePlan, parseSubnet, ServiceAddresses, type AddressPair, type AddressPins, type AddressPurpose, type PairPicked, type ServicePlan, type Subnet } from '@oak/addressing';
import { NotFound, StaleRevision, UniqueViolation, type Collection, type Document } from '@oak/store';
import type { AddressRecord } from './address-record.ts';

export interface Owner { readonly id: string; readonly name: string }
export type Refused = Extract<PairPicked, { ok: false }>;

/** Another writer was faster so often that something else must be wrong. */
const maxTries = 100;

/** Addresses of services and instances. The store's unique ids decide who was first; the pool only knows what is worth trying. */
export class Addresses {
  readonly #collection: Collection<AddressRecord>;
  readonly #pool: ServiceAddresses;
  readonly #range: Subnet;
  #freed = 0;

  /** @throws RangeError that names the range at fault */
  constructor(collection: Collection<AddressRecord>, plan: ServicePlan = defaultServicePlan) {
    this.#collection = collection;
    this.#pool = new ServiceAddresses(plan);
    const range = parseSubnet(plan.v4);
    if (!range) throw new RangeError(`${plan.v4}: is no range`);
    this.#range = range;
  }

  /** `exists`: whether this owner is still there. What a crash left without an owner is given back. @throws Error when somebody has an address of another range */
  async load(exists: (ownerId: string) => boolean): Promise<void> {
    const documents = await this.#collection.list();
    const stray = documents.find(({ id, body }) => body.owner && !contains(this.#range, id));
    if (stray) throw new Error(`${stray.id} of ${stray.body.owner?.name ?? '?'} lies outside of OAK_SERVICE_RANGES: set the range that it came from, or remove what has addresses there first`);
    this.#freed = Math.max(0, ...documents.map(({ body }) => body.freed ?? 0));
    this.#pool.load(documents.map(({ id, body }) => (body.owner && body.ipv6 !== undefined ? { ipv4: id, ipv6: body.ipv6, owner: body.owner.name } : { ipv4: id, freed: body.freed ?? 0 })));
    const orphans = new Set(documents.flatMap(({ body }) => (body.owner && !exists(body.owner.id) ? [body.owner.id] : [])));
    for (const id of orphans) await this.release(id);
  }

  /** A pair for this owner, the pinned one if pins are given. */
  async lease(purpose: AddressPurpose, owner: Owner, pins: AddressPins = {}): Promise<({ readonly ok: true } & AddressPair) | Refused> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const picked = this.#pool.pick(purpose, pins);
      if (!picked.ok) return picked;
      const pair = { ipv4: picked.ipv4, ipv6: picked.ipv6 };
      this.#pool.take(pair, owner.name);
      if (await this.#write(pair, purpose, owner)) return { ok: true, ...pair };
      this.#pool.take(pair, 'another root');
    }
    throw new Error(`no pair of addresses for ${owner.name}: ${maxTries} were taken by others while they were tried`);
  }

  /** Everything that this owner has; unknown is fine. */
  async release(ownerId: string): Promise<void> {
    for (const { id, revision, body } of await this.#of(ownerId)) {
      if (body.ipv6 === undefined) continue;
      await this.#collection.replace(id, revision, { purpose: body.purpose, freed: ++this.#freed });
      this.#pool.free({ ipv4: id, ipv6: body.ipv6 });
    }
  }

  ownerOf(address: string): string | undefined {
    return this.#pool.ownerOf(address);
  }

  /** The next ones that would be given; reserves nothing. */
  available(count: number): AddressPair[] {
    return this.#pool.available('round-robin', count);
  }

  #of(ownerId: string): Promise<Document<AddressRecord>[]> {
    return this.#collection.list({ where: { index: 'owner', equals: [ownerId] } });
  }

  /** False: somebody else has one of the two by now. */
  async #write({ ipv4, ipv6 }: AddressPair, purpose: AddressPurpose, owner: Owner): Promise<boolean> {
    const body = { ipv6, purpose, owner };
    try {
      const known = await this.#collection.get(ipv4);
      if (known?.body.owner) return false;
      if (known) await this.#collection.replace(ipv4, known.revision, body);
      else await this.#collection.insert(ipv4, body);
      return true;
    } catch (error) {
      if (error instanceof UniqueViolation || error instanceof StaleRevision || error instanceof NotFound) return false;
      this.#pool.free({ ipv4, ipv6 });
      throw error;
    }
  }
}
