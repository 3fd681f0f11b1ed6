import { backendsMost, type Backend, type InstanceNetwork, type NetworkPolicy, type PeerRoute, type Route, type ServiceRoute, type Tunnel } from '@oak/contracts';

/** A service without those who answer for it. */
export type ServiceEntry = Omit<ServiceRoute, 'kind' | 'backends'>;

/** An instance that somebody has: what it may call is its receiver's business from now on, and when it runs it takes calls. */
export interface RoutedInstance {
  readonly id: string;
  readonly serviceId: string;
  readonly applicationId: string;
  readonly organisation: string;
  /** Who is told what this instance may call. */
  readonly receiver: string;
  /** Its node, once it has one. It may call others before it takes calls itself. */
  readonly host?: Host;
  /** While it takes calls. */
  readonly backend?: Backend;
}

export interface Host { readonly cluster: string; readonly node: string; readonly tunnel: Tunnel }

/** Where routes go: `book.set` and `book.remove` of what one receiver shall know. */
export interface RouteSink {
  set(receiver: string, route: Route): void;
  remove(receiver: string, id: string): void;
  replace(receiver: string, routes: readonly Route[]): void;
}

export interface RoutePlannerOptions {
  readonly sink: RouteSink;
  /** What this receiver knows better by itself, so that it is not told. */
  readonly isOwnBackend: (receiver: string, at: Pick<Host, 'cluster' | 'node'>) => boolean;
  readonly isOwnNode: (receiver: string, at: Pick<Host, 'cluster' | 'node'>) => boolean;
}

interface Interest { readonly applications: Set<string>; readonly organisations: Set<string>; readonly servesAll: boolean }
interface Party extends Host { readonly organisations: ReadonlySet<string>; readonly servesAll: boolean }

/**
 * Who must know which services and which nodes. The same for root, whose receivers are clusters, and for a cluster, whose receivers are its nodes.
 * Changes are collected; `flush` tells the sink about what they touch and nothing else.
 */
export class RoutePlanner {
  readonly #options: RoutePlannerOptions;
  readonly #services = new Map<string, ServiceEntry>();
  readonly #instances = new Map<string, RoutedInstance>();
  readonly #ofService = new Map<string, Set<string>>();
  readonly #ofReceiver = new Map<string, Set<string>>();
  readonly #ofParty = new Map<string, Set<string>>();
  /** What somebody above told: services with their backends elsewhere, and nodes elsewhere. */
  readonly #foreignServices = new Map<string, ServiceRoute>();
  readonly #foreignPeers = new Map<string, PeerRoute>();
  readonly #interests = new Map<string, Interest>();
  readonly #dirtyServices = new Set<string>();
  readonly #dirtyParties = new Set<string>();
  readonly #dirtyReceivers = new Set<string>();

  constructor(options: RoutePlannerOptions) {
    this.#options = options;
  }

  setService(entry: ServiceEntry): void {
    const before = this.#services.get(entry.id);
    this.#services.set(entry.id, entry);
    this.#dirtyServices.add(entry.id);
    if (before?.policy !== entry.policy) this.#touchHosts(entry.id);
  }

  removeService(id: string): void {
    if (!this.#services.delete(id)) return;
    this.#dirtyServices.add(id);
    this.#touchHosts(id);
  }

  setInstance(instance: RoutedInstance): void {
    this.#unlink(instance.id);
    this.#instances.set(instance.id, instance);
    link(this.#ofService, instance.serviceId, instance.id);
    link(this.#ofReceiver, instance.receiver, instance.id);
    if (instance.host) link(this.#ofParty, partyId(instance.host), instance.id);
    this.#touch(instance);
  }

  removeInstance(id: string): void {
    this.#unlink(id);
  }

  /** Backends that somebody above knows, or undefined: the service is not told of any more. */
  setForeignService(id: string, route: ServiceRoute | undefined): void {
    if (route) this.#foreignServices.set(id, route);
    else this.#foreignServices.delete(id);
    this.#dirtyServices.add(id);
    this.#touchHosts(id);
  }

  setForeignPeer(id: string, peer: PeerRoute | undefined): void {
    if (peer) this.#foreignPeers.set(id, peer);
    else this.#foreignPeers.delete(id);
    this.#dirtyParties.add(id);
  }

  instancesOf(serviceId: string): number {
    return this.#ofService.get(serviceId)?.size ?? 0;
  }

  /** Tells the sink what the changes since the last flush mean for each receiver. */
  flush(): void {
    const whole = new Set<string>();
    for (const receiver of this.#dirtyReceivers) if (this.#interestChanged(receiver)) whole.add(receiver);
    for (const receiver of whole) this.#options.sink.replace(receiver, this.routesFor(receiver));
    for (const [receiver, ids] of this.#ofReceiver) {
      if (!whole.has(receiver)) this.#tellChanges(receiver);
      if (ids.size === 0) this.#ofReceiver.delete(receiver);
    }
    for (const dirty of [this.#dirtyServices, this.#dirtyParties, this.#dirtyReceivers]) dirty.clear();
  }

  /** Everything that this receiver shall know. */
  routesFor(receiver: string): Route[] {
    const services = [...new Set([...this.#services.keys(), ...this.#foreignServices.keys()])].flatMap((id) => this.#serviceFor(receiver, id) ?? []);
    const peers = [...new Set([...this.#ofParty.keys(), ...this.#foreignPeers.keys()])].flatMap((id) => this.#peerFor(receiver, id) ?? []);
    return [...services, ...peers];
  }

  #tellChanges(receiver: string): void {
    const { sink } = this.#options;
    const tell = (id: string, route: Route | undefined): void => { if (route) sink.set(receiver, route); else sink.remove(receiver, id); };
    for (const id of this.#dirtyServices) tell(id, this.#serviceFor(receiver, id));
    for (const id of this.#dirtyParties) tell(id, this.#peerFor(receiver, id));
  }

  #serviceFor(receiver: string, id: string): ServiceRoute | undefined {
    const interest = this.#interests.get(receiver);
    const foreign = this.#foreignServices.get(id);
    const entry = foreign ?? this.#services.get(id);
    if (!interest || !entry || !mayCall(interest, entry)) return undefined;
    const own = [...this.#ofService.get(id) ?? []].flatMap((instance) => this.#instances.get(instance)?.backend ?? []);
    const local = new Set(own.map((backend) => backend.id));
    // An instance that has just moved here may still be told of from above.
    const backends = [...own, ...(foreign?.backends ?? []).filter((backend) => !local.has(backend.id))].filter((backend) => !this.#options.isOwnBackend(receiver, backend));
    const { name, applicationId, organisation, policy, addresses, affinity } = entry;
    return { kind: 'service', id, name, applicationId, organisation, policy, addresses, affinity, backends: backends.toSorted((a, b) => a.instanceNumber - b.instanceNumber || (a.id < b.id ? -1 : 1)).slice(0, backendsMost) };
  }

  #peerFor(receiver: string, id: string): PeerRoute | undefined {
    const interest = this.#interests.get(receiver);
    const party = this.#party(id);
    if (!interest || !party || this.#options.isOwnNode(receiver, party) || !related(interest, party)) return undefined;
    const { tunnel, cluster, node, organisations, servesAll } = party;
    return { kind: 'peer', id, cluster, node, ...tunnel, organisations: [...organisations].toSorted(), public: servesAll };
  }

  #party(id: string): Party | undefined {
    const here = [...this.#ofParty.get(id) ?? []].flatMap((instance) => this.#instances.get(instance) ?? []);
    const host = here.findLast((instance) => instance.host)?.host;
    if (host) {
      return { ...host, organisations: new Set(here.map(({ organisation }) => organisation)), servesAll: here.some(({ serviceId }) => this.#isPublic(serviceId)) };
    }
    const foreign = this.#foreignPeers.get(id);
    if (!foreign) return undefined;
    const { kind: _kind, id: _id, cluster, node, organisations = [], public: servesAll = false, ...tunnel } = foreign;
    return { tunnel, cluster, node, organisations: new Set(organisations), servesAll };
  }

  #isPublic(serviceId: string): boolean {
    return (this.#foreignServices.get(serviceId) ?? this.#services.get(serviceId))?.policy === 'public';
  }

  #interestChanged(receiver: string): boolean {
    const now = interestOf([...this.#ofReceiver.get(receiver) ?? []].flatMap((id) => this.#instances.get(id) ?? []), (id) => this.#isPublic(id));
    const before = this.#interests.get(receiver);
    if (now) this.#interests.set(receiver, now);
    else this.#interests.delete(receiver);
    return !sameInterest(before, now);
  }

  #touch({ serviceId, receiver, host }: RoutedInstance): void {
    this.#dirtyServices.add(serviceId);
    this.#dirtyReceivers.add(receiver);
    if (host) this.#dirtyParties.add(partyId(host));
  }

  /** Whoever hosts it serves other people than before. */
  #touchHosts(serviceId: string): void {
    for (const id of this.#ofService.get(serviceId) ?? []) {
      const instance = this.#instances.get(id);
      if (instance) this.#touch(instance);
    }
  }

  #unlink(id: string): void {
    const before = this.#instances.get(id);
    if (!before) return;
    this.#instances.delete(id);
    unlink(this.#ofService, before.serviceId, id);
    // A receiver without instances is told to forget everything; its page stays until then.
    this.#ofReceiver.get(before.receiver)?.delete(id);
    if (before.host) unlink(this.#ofParty, partyId(before.host), id);
    this.#touch(before);
  }
}

/** An instance's own record of the service it belongs to. */
export function serviceEntryOf(instance: { readonly serviceId: string; readonly applicationId: string; readonly name: string; readonly network: InstanceNetwork }): ServiceEntry {
  const { serviceId, applicationId, name, network: { organisation, policy, service, affinity } } = instance;
  return { id: serviceId, name, applicationId, organisation, policy, addresses: service, affinity };
}

/** Who may call whom. */
export function isReachable(caller: { readonly applicationId: string; readonly organisation: string }, callee: { readonly applicationId: string; readonly organisation: string; readonly policy: NetworkPolicy }): boolean {
  if (callee.policy === 'public' || caller.applicationId === callee.applicationId) return true;
  return callee.policy === 'organisation' && caller.organisation === callee.organisation;
}

function mayCall({ applications, organisations }: Interest, { applicationId, organisation, policy }: ServiceEntry): boolean {
  if (policy === 'public' || applications.has(applicationId)) return true;
  return policy === 'organisation' && organisations.has(organisation);
}

/** Packets may go between them, in one direction or the other. */
function related(interest: Interest, party: Party): boolean {
  return interest.servesAll || party.servesAll || [...party.organisations].some((organisation) => interest.organisations.has(organisation));
}

function interestOf(instances: readonly RoutedInstance[], isPublic: (serviceId: string) => boolean): Interest | undefined {
  if (instances.length === 0) return undefined;
  return {
    applications: new Set(instances.map(({ applicationId }) => applicationId)), organisations: new Set(instances.map(({ organisation }) => organisation)),
    servesAll: instances.some(({ serviceId }) => isPublic(serviceId)),
  };
}

function sameInterest(a: Interest | undefined, b: Interest | undefined): boolean {
  if (!a || !b) return a === b;
  return a.servesAll === b.servesAll && sameMembers(a.applications, b.applications) && sameMembers(a.organisations, b.organisations);
}

function sameMembers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}

export function partyId({ cluster, node }: { readonly cluster: string; readonly node: string }): string {
  return `${cluster}/${node}`;
}

function link(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids) ids.add(id);
  else index.set(key, new Set([id]));
}

function unlink(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
