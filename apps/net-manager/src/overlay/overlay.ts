import type { NodeSubnet } from '@oak/addressing';
import type { OverlayRanges, PeerRoute, Route, ServiceRoute } from '@oak/contracts';
import { parseServiceChain } from '../datapath/chains.ts';
import { isBridgeElement, parseItem } from '../datapath/items.ts';
import type { Abilities } from '../datapath/kernel.ts';
import { nodeNumber } from '../datapath/marks.ts';
import { tunnels } from '../datapath/names.ts';
import type { DistanceTo, NodeName } from '../distance/distances.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { ownRanges } from '../datapath/plan.ts';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { Claims, type Items } from './claims.ts';
import { goodRoute, type Judged } from './good-route.ts';
import { earlyItems, instanceItems } from './instance-items.ts';
import { nodeNameOf, type Place } from './nearest.ts';
import { nodeItems } from './node-items.ts';
import type { Moves, Seat } from './parting.ts';
import { peerItems } from './peer-items.ts';
import { scopeOf, scopesOf } from './scopes.ts';
import { serviceItems, slotOwner } from './service-items.ts';
import { shardOf, SlotSpace } from './slot-space.ts';

/** What a node is told of the installation's addresses. */
export interface NodeAddresses {
  /** Its own, oldest first. */
  readonly subnets: readonly NodeSubnet[];
  readonly nodeRanges: OverlayRanges;
  readonly serviceRanges: OverlayRanges;
}

export interface OverlayOptions {
  readonly bridge: string;
  /** Undefined: a node without a cluster. */
  readonly place: Place | undefined;
  readonly can: Abilities;
  /** Undefined: every tunnel ends where it is told. */
  readonly encryption?: Pick<Encryption, 'fault' | 'reached'> | undefined;
  readonly distanceTo: DistanceTo;
}

/** What all that this node knows of the overlay means for its kernel. Pure; each change costs only what it changes. */
export class Overlay {
  readonly claims = new Claims();
  readonly #options: OverlayOptions;
  readonly #slots = new SlotSpace();
  readonly #attached = new Map<string, Remembered>();
  readonly #routes = new Map<string, Route>();
  /** As they came, to be judged anew when the ranges change. */
  readonly #told = new Map<string, Route>();
  readonly #faults = new Map<string, readonly string[]>();
  /** The services of each instance that shall be on this node. */
  readonly #servicesOf = new Map<string, ReadonlySet<string>>();
  #addresses: NodeAddresses = { subnets: [], nodeRanges: { v4: [], v6: [] }, serviceRanges: { v4: [], v6: [] } };

  constructor(options: OverlayOptions) {
    this.#options = options;
  }

  /** Ranges of slots stay with the chains that have them in the kernel. Before anything else. */
  adopt(items: Items): void {
    for (const id of items.keys()) {
      const chain = id.startsWith('chain|') ? parseServiceChain(parseItem(id).where) : undefined;
      if (chain) this.#slots.adopt(slotOwner(chain.role, chain.id), shardOf(chain.id), chain.offset, Math.max(chain.slots4, chain.slots6));
    }
  }

  setAddresses(addresses: NodeAddresses): void {
    this.#addresses = addresses;
    this.#setNode();
    for (const route of this.#told.values()) this.setRoute(route.id, route);
  }

  attach(instance: Remembered): void {
    this.#attached.set(instance.instanceId, instance);
    this.#claimInstance(instance);
    this.#moved(instance);
  }

  detach(instanceId: string): void {
    const instance = this.#attached.get(instanceId);
    this.#attached.delete(instanceId);
    this.claims.set(`instance ${instanceId}`);
    if (instance) this.#moved(instance);
  }

  /** These and no others are attached. */
  setAttached(instances: readonly Remembered[]): void {
    const ids = new Set(instances.map(({ instanceId }) => instanceId));
    for (const id of [...this.#attached.keys()]) if (!ids.has(id)) this.detach(id);
    for (const instance of instances) if (!this.#attached.has(instance.instanceId)) this.attach(instance);
  }

  attached(instanceId: string): Remembered | undefined {
    return this.#attached.get(instanceId);
  }

  /** Undefined: there is no such route any more. Returns the namespace IPs that answered for the service and do so no longer, or for another backend, those that newly do, and who may no longer call. */
  setRoute(id: string, told: Route | undefined): Moves {
    const known = this.#routes.get(id);
    const before = seatsOf(known);
    if (told) this.#told.set(id, told);
    else this.#told.delete(id);
    const { route, faults } = this.#judge(told);
    if (faults.length > 0) this.#faults.set(id, faults);
    else this.#faults.delete(id);
    this.#index(id, route);
    this.#place(id, route);
    const after = seatsOf(route);
    return { gone: lacking(before, after), came: lacking(after, before), barred: this.#barred(known, route) };
  }

  /** A service that fewer may call than before. */
  #barred(before: Route | undefined, after: Route | undefined): Moves['barred'] {
    if (before?.kind !== 'service' || after?.kind !== 'service') return undefined;
    const [was, is] = [before, after].map(({ policy, applicationId, organisation }) => scopeOf(policy, applicationId, organisation)) as [string, string];
    if (was === is) return undefined;
    const callers = [...this.#attached.values()].filter(({ network }) => {
      const scopes = network ? scopesOf(network.applicationId, network.organisation) : [];
      return scopes.includes(was) && !scopes.includes(is);
    });
    return { callers: callers.flatMap(({ ipv4, ipv6 }) => [bare(ipv4), bare(ipv6)]), backends: [...seatsOf(before).keys(), ...seatsOf(after).keys()] };
  }

  /** What is nearest may be another now, where any of these nodes has an instance. */
  setDistances(nodes: ReadonlySet<NodeName>): void {
    for (const [id, route] of this.#routes) {
      if (route.kind === 'service' && route.addresses.closest && route.backends.some((backend) => nodes.has(nodeNameOf(backend)))) this.#place(id, route);
    }
  }

  /** Nodes whose distance matters: a service has a closest address, and an instance there. */
  compared(): PeerRoute[] {
    const routes = [...this.#routes.values()];
    const nodes = new Set(routes.flatMap((route) => (route.kind === 'service' && route.addresses.closest ? route.backends.map(nodeNameOf) : [])));
    return routes.filter((route): route is PeerRoute => route.kind === 'peer' && nodes.has(nodeNameOf(route)));
  }

  /** Every route that the kernel could be given. */
  routes(): IterableIterator<Route> {
    return this.#routes.values();
  }

  /** Of the service, with its instances on this node where they are now. */
  localised(route: ServiceRoute): ServiceRoute {
    return { ...route, backends: route.backends.flatMap((backend) => {
      if (!this.#isHere(backend)) return [backend];
      const attached = this.#attached.get(backend.id);
      return attached ? [{ ...backend, namespaceIpv4: bare(attached.ipv4), ...(backend.namespaceIpv6 !== undefined && { namespaceIpv6: bare(attached.ipv6) }) }] : [];
    }) };
  }

  /** What was told and can not be so, for people. */
  problems(): string[] {
    return [...[...this.#faults.values()].flat(), ...this.claims.disputes().map(({ id, owners }) => `${owners.join(' and ')} both have ${parseItem(id).key || parseItem(id).where}`)];
  }

  /** Of itself a node is told too: it knows better. */
  #judge(told: Route | undefined): Judged {
    if (!told || (told.kind === 'peer' && this.#isHere(told))) return { route: undefined, faults: [] };
    const fault = told.kind === 'peer' ? this.#options.encryption?.fault(told) : undefined;
    if (fault !== undefined) return { route: undefined, faults: [`node ${told.id}: ${fault}`] };
    return goodRoute(told, { nodes: this.#addresses.nodeRanges, services: this.#addresses.serviceRanges }, this.#own());
  }

  /** Replaces the route, and remembers which service an instance of this node answers for. */
  #index(id: string, route: Route | undefined): void {
    const [before, after] = [this.#routes.get(id), route].map((one) => new Set(backendsHere(one, this.#options.place).map((backend) => backend.id)));
    for (const backend of before ?? []) this.#servicesOf.set(backend, new Set([...this.#of(backend)].filter((service) => service !== id)));
    for (const backend of after ?? []) this.#servicesOf.set(backend, new Set([...this.#of(backend), id]));
    if (route) this.#routes.set(id, route);
    else this.#routes.delete(id);
    for (const backend of new Set([...(before ?? []), ...(after ?? [])])) {
      const instance = this.#attached.get(backend);
      if (instance) this.#claimInstance(instance);
      if (this.#of(backend).size === 0) this.#servicesOf.delete(backend);
    }
  }

  #of(instanceId: string): ReadonlySet<string> {
    return this.#servicesOf.get(instanceId) ?? new Set();
  }

  #claimInstance(instance: Remembered): void {
    const { bridge, can } = this.#options;
    const items = [...instanceItems(instance, bridge), ...(this.#of(instance.instanceId).size > 0 ? [] : earlyItems(instance))];
    this.claims.set(`instance ${instance.instanceId}`, new Map(can.guard ? items : items.filter(([id]) => !isBridgeElement(id))));
  }

  #place(id: string, route: Route | undefined): void {
    if (route?.kind === 'service' && this.#options.can.services) this.claims.set(`service ${id}`, serviceItems(this.localised(route), this.#options.place, this.#slots, this.#options.distanceTo));
    else this.#withdrawService(id);
    this.claims.set(`node ${id}`, route?.kind === 'peer' ? this.#peerItems(route) : undefined);
  }

  #peerItems(route: Extract<Route, { kind: 'peer' }>): Items | undefined {
    const { subnets: [own], nodeRanges } = this.#addresses;
    const { encryption, bridge, can } = this.#options;
    const number = nodeNumber(route.subnets[0]?.v4 ?? '', nodeRanges.v4);
    if (!own || number === undefined || !can.tunnels) return undefined;
    return peerItems(encryption?.reached(route) ?? route, number, { v4: bare(rangeOf(own.v4).gateway), v6: bare(rangeOf(own.v6).gateway), bridge });
  }

  #withdrawService(id: string): void {
    this.claims.set(`service ${id}`);
    for (const role of ['s', 'c'] as const) this.#slots.release(slotOwner(role, id), shardOf(id));
  }

  /** An instance came or went: its service has one more or one less at once, without waiting to be told. */
  #moved(instance: Remembered): void {
    this.#setNode();
    for (const id of this.#of(instance.instanceId)) this.#place(id, this.#routes.get(id));
  }

  #setNode(): void {
    const { subnets, nodeRanges, serviceRanges } = this.#addresses;
    this.claims.set('this node', nodeItems({ own: this.#own(), subnet: subnets[0], nodes: nodeRanges, services: serviceRanges, tunnels: this.#options.place && this.#options.can.tunnels ? Object.values(tunnels) : [] }, this.#options.bridge));
  }

  #own(): string[] {
    return ownRanges({ ranges: this.#addresses.subnets.flatMap(({ v4, v6 }) => [v4, v6]), attachments: [...this.#attached.values()] });
  }

  #isHere({ cluster, node }: Place): boolean {
    return cluster === this.#options.place?.cluster && node === this.#options.place.node;
  }
}

function backendsHere(route: Route | undefined, place: Place | undefined) {
  return route?.kind === 'service' && place ? route.backends.filter(({ cluster, node }) => cluster === place.cluster && node === place.node) : [];
}

/** Ids of backends by their addresses. */
function seatsOf(route: Route | undefined): Map<string, string> {
  return new Map(route?.kind === 'service' ? route.backends.flatMap(({ id, namespaceIpv4, namespaceIpv6 }) => [namespaceIpv4, ...(namespaceIpv6 === undefined ? [] : [namespaceIpv6])].map((address) => [address, id])) : []);
}

/** What of these the others do not have. */
function lacking(seats: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): Seat[] {
  return [...seats].filter(([address, backend]) => others.get(address) !== backend).map(([address, backend]) => ({ address, backend }));
}
