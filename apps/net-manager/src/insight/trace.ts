import { parseAddress, printAddress } from '@oak/addressing';
import type { Backend, PeerRoute, Route, ServiceRoute } from '@oak/contracts';
import type { Trace, TraceQuestion, TraceStep } from '@oak/net-api';
import { bare, holds } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { callerOf } from '../names/caller-of.ts';
import { resolveName } from '../names/resolve-name.ts';
import type { DistanceTo } from '../distance/distances.ts';
import { nearest, nodeNameOf, type Place } from '../overlay/nearest.ts';
import type { NodeAddresses } from '../overlay/overlay.ts';
import { scopeOf, scopesOf } from '../overlay/scopes.ts';

/** All that a node knows and an explanation needs. */
export interface TraceWorld {
  readonly place: Place | undefined;
  readonly addresses: NodeAddresses | undefined;
  readonly attached: readonly Remembered[];
  /** Those that the kernel was given, services with their instances as this node sees them. */
  readonly routes: readonly Route[];
  /** Those that the node's name server answers from. */
  readonly named: readonly ServiceRoute[];
  readonly distanceTo: DistanceTo;
  /** Of the tunnel's packets, in bytes. */
  readonly mtu: number;
  /** Why this node takes no part in the overlay, or not fully. */
  readonly problems: readonly string[];
}

/** Where a question leads: to a service by one of its policies, or to one instance. */
interface Destination {
  readonly route: ServiceRoute;
  readonly backends: readonly Backend[];
  readonly family: 4 | 6;
  readonly text: string;
}

/** Instead of a destination: what becomes of the call. */
interface Ending {
  readonly ok: boolean;
  readonly text: string;
}

const mostNamed = 8;

/** How a connection would go by what is known, without a packet: up to the first step that fails. */
export function trace(question: TraceQuestion, world: TraceWorld): Trace {
  const steps = [...walk(question, world)];
  return { ok: steps.every(({ ok }) => ok), steps };
}

function* walk(question: TraceQuestion, world: TraceWorld): Generator<TraceStep> {
  const source = world.attached.find(({ instanceId }) => instanceId === question.from);
  yield* sourceSteps(question.from, source);
  if (!source?.network) return;
  const destination = find(question.to, source, world);
  yield step(!('ok' in destination) || destination.ok, 'destination', destination.text);
  if ('ok' in destination) return;
  const { route } = destination;
  const isAllowed = scopesOf(source.network.applicationId, source.network.organisation).includes(scopeOf(route.policy, route.applicationId, route.organisation));
  yield step(isAllowed, 'policy', `${route.name} is ${policyText[route.policy]}; the caller ${isAllowed ? 'is one of them' : 'is not: refused at once'}`);
  if (isAllowed) yield* backendSteps(destination, question, world);
}

function* sourceSteps(from: string, source: Remembered | undefined): Generator<TraceStep> {
  if (!source) {
    yield step(false, 'source', `${from} has no network on this node`);
    return;
  }
  if (!source.network) {
    yield step(false, 'source', `${source.name} takes no part in the overlay`);
    return;
  }
  yield step(true, 'source', `${source.name} sends from ${bare(source.ipv4)}, seen by others as ${source.network.ipv4}`);
}

const policyText = { isolated: 'for its own application', organisation: 'for its organisation', public: 'for everyone' } as const;

function* backendSteps({ route, backends, family }: Destination, { protocol, port }: TraceQuestion, world: TraceWorld): Generator<TraceStep> {
  const able = backends.filter(({ namespaceIpv6 }) => family === 4 || namespaceIpv6 !== undefined);
  if (able.length === 0) {
    yield step(false, 'instances', `${route.name} has ${backends.length > 0 ? 'no instance with IPv6' : 'no running instance'}: refused at once`);
    return;
  }
  yield step(true, 'instances', `${able.length} take calls${able.length > 1 ? (route.affinity === 'client' ? ', the same caller gets the same one' : ', in turn') : ''}`);
  for (const backend of able.slice(0, mostNamed)) yield backendStep(backend, `${protocol}${port === undefined ? '' : ` ${port}`}`, world);
  if (able.length > mostNamed) yield step(true, 'instance', `and ${able.length - mostNamed} more`);
}

function backendStep(backend: Backend, what: string, { place, routes, mtu, problems, distanceTo }: TraceWorld): TraceStep {
  const who = `instance ${backend.instanceNumber} (${backend.namespaceIpv4}) on ${backend.cluster}/${backend.node}`;
  if (backend.cluster === place?.cluster && backend.node === place.node) return step(true, 'instance', `${who}: on this node, ${what} goes straight to it`);
  const peer = routes.find((route): route is PeerRoute => route.kind === 'peer' && route.cluster === backend.cluster && route.node === backend.node);
  if (problems.length > 0) return step(false, 'instance', `${who}: ${problems.join('; ')}`);
  if (!peer) return step(false, 'instance', `${who}: this node was not told where that node is`);
  if (!peer.subnets.some(({ v4 }) => holds(v4, backend.namespaceIpv4))) return step(false, 'instance', `${who}: ${backend.namespaceIpv4} is in none of that node's subnets`);
  const ms = distanceTo(nodeNameOf(backend));
  return step(true, 'instance', `${who}: ${what} goes through the tunnel to ${peer.host} port ${peer.port}/udp, in packets of at most ${mtu} bytes${ms === undefined ? '' : `, ${ms.toFixed(1)} ms there and back`}`);
}

/** By an address of the service, of an instance, or a name. */
function find(to: string, source: Remembered, world: TraceWorld): Destination | Ending {
  return parseAddress(to) ? addressed(to, world) : named(to, source, world);
}

function addressed(to: string, { routes, place, addresses, distanceTo }: TraceWorld): Destination | Ending {
  const address = parseAddress(to);
  const ranges = addresses ? [addresses.nodeRanges, addresses.serviceRanges].flatMap(({ v4, v6 }) => [...v4, ...v6]) : [];
  if (!address || !ranges.some((range) => holds(range, to))) return { ok: true, text: `${to} is no address of the overlay: it leaves under the node's own address` };
  for (const route of routes) {
    const found = route.kind === 'service' && byAddress(route, printAddress(address), place, distanceTo);
    if (found) return { ...found, route, family: address.family };
  }
  return { ok: false, text: `${to} is unknown here: refused at once` };
}

function byAddress(route: ServiceRoute, address: string, place: Place | undefined, distanceTo: DistanceTo): Pick<Destination, 'backends' | 'text'> | undefined {
  const { roundRobin, closest } = route.addresses;
  if (address === roundRobin.ipv4 || address === roundRobin.ipv6) return { backends: route.backends, text: `${address} is the service ${route.name}, every instance in turn` };
  if (address === closest?.ipv4 || address === closest?.ipv6) return { backends: nearest(route.backends, place, distanceTo), text: `${address} is the service ${route.name}, the closest instances` };
  const backend = route.backends.find(({ ipv4, ipv6, namespaceIpv4, namespaceIpv6 }) => [ipv4, ipv6, namespaceIpv4, namespaceIpv6].includes(address));
  return backend && { backends: [backend], text: `${address} is instance ${backend.instanceNumber} of ${route.name}` };
}

/** As the name server tells this caller; and by the whole name of a service, which no resolver knows, whoever asks. */
function named(to: string, source: Remembered, world: TraceWorld): Destination | Ending {
  const caller = callerOf(source);
  const outcome = caller ? resolveName({ name: to, type: 'A' }, caller, world.named) : { kind: 'elsewhere' as const };
  const [first] = outcome.kind === 'known' ? outcome.records : [];
  const whole = first ? undefined : world.named.find(({ name }) => name.toLowerCase() === to.toLowerCase());
  const address = first?.content ?? whole?.addresses.roundRobin.ipv4;
  if (address !== undefined) { const found = addressed(address, world); return { ...found, text: `${to} is ${address}; ${found.text}` }; }
  if (outcome.kind === 'elsewhere') return { ok: true, text: `${to} is no name of a service for this caller: what the machine's name servers answer leaves under the node's own address` };
  return { ok: false, text: outcome.kind === 'known' ? `${to} has no address` : `${to} does not exist for this caller` };
}

function step(ok: boolean, name: string, text: string): TraceStep {
  return { ok, step: name, text };
}
