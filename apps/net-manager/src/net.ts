import type { NodeNetworkQuestion, Routes } from '@oak/contracts';
import { NetError, type Attachment, type AttachRequest, type Counters, type NetService, type NetStatus, type Trace, type TraceQuestion } from '@oak/net-api';
import type { Stop } from '@oak/messaging';
import { defaultBackoff, ReconcileLoop, type Clock, type Random, type Result } from '@oak/reconcile';
import { Attachments } from './attachments/attachments.ts';
import type { Datapath } from './datapath/datapath.ts';
import type { Probed } from './datapath/probe.ts';
import type { Encryption } from './encryption/encryption.ts';
import { AppliedOverlay } from './overlay/applied-overlay.ts';
import type { Place } from './overlay/nearest.ts';
import { Parting, type Moves } from './overlay/parting.ts';
import { NodeNames } from './names/node-names.ts';
import type { KeptDistances } from './distance/kept-distances.ts';
import { roundTrip } from './distance/round-trip.ts';
import { Rounds } from './distance/rounds.ts';
import { trace } from './insight/trace.ts';
import type { KnownNetwork } from './routes/known-network.ts';
import type { NetworkSource } from './routes/network-source.ts';
import { StatusBoard } from './status-board.ts';

export interface NetOptions {
  readonly datapath: Datapath;
  readonly probed: Probed;
  readonly encryption: Encryption;
  /** Undefined: a node without a cluster. */
  readonly place: Place | undefined;
  readonly known: KnownNetwork;
  readonly distances: KeptDistances;
  readonly source: NetworkSource;
  /** Where this node's tunnel ends, as far as the cluster can not know it by itself. */
  readonly tunnel: Pick<NodeNetworkQuestion, 'host' | 'port'>;
  readonly graceMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: { log(text: string): void; warn(text: string): void; error(text: unknown): void };
}

type Key = 'kernel' | 'network';
const done: Result = { kind: 'done' };
const askEveryMs = 30_000;
/** A node that is farther away than this is far. */
const roundTripMs = 1_000;

/** This node's network: what node-engine may ask for, and the loop that keeps the kernel as it was promised. */
export class Net implements NetService {
  readonly #options: NetOptions;
  readonly #board: StatusBoard;
  readonly #applied: AppliedOverlay;
  readonly #attachments: Attachments;
  readonly #parting: Parting;
  readonly #names: NodeNames;
  readonly #rounds: Rounds;
  readonly #loop: ReconcileLoop<Key>;
  readonly #stops: Stop[] = [];
  /** Steps of the overlay that the kernel is still taking. */
  #steps: Promise<void> = Promise.resolve();
  #adopted = false;
  #compared = { at: 0, tookMs: 0 };

  constructor(options: NetOptions) {
    const { datapath, probed, place, known, clock, random, graceMs, log } = options;
    this.#options = options;
    this.#board = new StatusBoard(datapath.options.bridge, this.#lacking(), options.encryption.kind);
    this.#rounds = new Rounds({
      clock, kept: options.distances, peers: () => (probed.can.tunnels ? this.#applied.overlay.compared() : []),
      measure: (address) => roundTrip(address, clock, roundTripMs), onChange: (nodes) => { this.#applied.overlay.setDistances(nodes); this.#step([]); },
    });
    this.#applied = new AppliedOverlay({ datapath, can: probed.can, place, encryption: options.encryption, distanceTo: this.#rounds.to, onDoubt: () => { this.#loop.trigger('kernel'); } });
    this.#names = new NodeNames({
      subnets: () => known.addresses()?.subnets ?? [], attached: () => this.#attachments.attached(), routes: () => known.routes().values(), clock, log: (text) => { log.warn(text); },
    });
    this.#attachments = new Attachments({
      datapath, applied: this.#applied, subnets: () => known.addresses()?.subnets ?? [], routes: () => known.routes().values(),
      resolverOf: (instance) => this.#names.resolverOf(instance), onFull: () => { this.#loop.trigger('network'); }, log: (text) => { log.warn(text); },
    });
    this.#parting = new Parting({ clock, graceMs, end: (addresses) => { void datapath.forget(addresses).catch((error: unknown) => { log.error(error); }); } });
    this.#loop = new ReconcileLoop<Key>({
      name: 'net', clock, random, backoff: { ...defaultBackoff, maxMs: 5000 }, keys: () => Promise.resolve(this.#isCompareDue() ? ['kernel'] : []),
      reconcile: (key) => (key === 'kernel' ? this.#converge() : this.#askNetwork()),
      onError: (key, error, attempt) => { this.#failed(key, error, attempt); },
    });
  }

  /** Resolves when the kernel was read once, or could not be: then the status says why, and the loop tries on. */
  async start(): Promise<void> {
    this.#useAddresses();
    this.#board.useSubnet(this.#options.known.addresses()?.subnets[0]);
    await this.#converge().catch((error: unknown) => { this.#failed('kernel', error, 1); });
    const { source } = this.#options;
    this.#stops.push(source.hear((routes) => { this.#hear(routes); }));
    this.#stops.push(source.explain(({ port, ...question }) => {
      const { ok, steps } = this.#trace({ ...question, ...(port !== undefined && { port }) });
      return { ok, steps: [...steps] };
    }));
    this.#loop.trigger('network');
    this.#loop.start();
  }

  /** Leaves everything in the kernel as it is. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
    await this.#loop.stop();
    await this.#rounds.stop();
    await this.#steps;
    this.#parting.stop();
    await this.#names.stop();
    this.#options.known.close();
  }

  /** The source may have something new to say, e.g. its bus is back. */
  askAgain(): void {
    this.#loop.trigger('network');
  }

  async attach(request: AttachRequest): Promise<Attachment> {
    this.#refuseEarly();
    const from = this.#options.clock.now();
    const attachment = await this.#telling('attach', () => this.#attachments.attach(request));
    this.#options.log.log(`attached ${request.name} (${request.instanceId}) as ${attachment.ipv4} in ${this.#options.clock.now() - from} ms`);
    return attachment;
  }

  async detach(instanceId: string): Promise<void> {
    this.#refuseEarly();
    await this.#telling('detach', () => this.#attachments.detach(instanceId));
    this.#options.log.log(`detached ${instanceId}`);
  }

  list(): Promise<readonly Attachment[]> {
    return this.#telling('list', () => {
      this.#refuseEarly();
      return Promise.resolve(this.#attachments.list());
    });
  }

  status(): NetStatus {
    return this.#board.status();
  }

  watch(listener: (status: NetStatus) => void): () => void {
    return this.#board.watch(listener);
  }

  trace(question: TraceQuestion): Promise<Trace> {
    return Promise.resolve(this.#trace(question));
  }

  async counters(): Promise<Counters> {
    this.#refuseEarly();
    const { connections, instances } = await this.#options.datapath.counters(this.#attachments.attached().map(({ instanceId }) => instanceId));
    const services = [...this.#options.known.routes().values()].flatMap((route) => (route.kind === 'service' ? [{ serviceId: route.id, name: route.name, connections: connections.get(route.id) ?? 0 }] : []));
    return { services, instances, names: Object.entries(this.#names.counts()).map(([outcome, questions]) => ({ outcome, questions })) };
  }

  #trace(question: TraceQuestion): Trace {
    const { place, known, datapath, probed } = this.#options;
    const { overlay } = this.#applied;
    return trace(question, {
      place, addresses: known.addresses(), attached: this.#attachments.attached(), distanceTo: this.#rounds.to, mtu: datapath.options.mtu, problems: probed.problems,
      named: [...known.routes().values()].filter((route) => route.kind === 'service'),
      routes: [...overlay.routes()].map((route) => (route.kind === 'service' ? overlay.localised(route) : route)),
    });
  }

  /** Until the kernel was read nobody knows which addresses and ports are in use. */
  #refuseEarly(): void {
    if (!this.#adopted) throw new NetError('temporary', `not ready: ${this.#board.status().problem}`);
  }

  /** Comparing thousands of services takes seconds: at most a fiftieth of the time goes there, unless there is a doubt. */
  #isCompareDue(): boolean {
    return this.#options.clock.monotonic() - this.#compared.at >= 50 * this.#compared.tookMs;
  }

  async #converge(): Promise<Result> {
    const { clock } = this.#options;
    const from = clock.monotonic();
    const changes = await this.#attachments.converge();
    this.#compared = { at: clock.monotonic(), tookMs: clock.monotonic() - from };
    if (!this.#adopted) this.#options.log.log(`adopted ${this.#attachments.list().length} attachments`);
    this.#adopted = true;
    this.#rounds.soon();
    this.#board.useSubnet(this.#options.known.addresses()?.subnets[0]);
    if (changes.length > 0) this.#options.log.log(`changed in the kernel: ${summary(changes)}`);
    await this.#names.refresh();
    await this.#options.encryption.use(this.#applied.overlay.routes());
    this.#reportOverlay();
    this.#board.report('kernel', undefined);
    return done;
  }

  async #askNetwork(): Promise<Result> {
    const { known, source, log } = this.#options;
    const { routes, ...addresses } = await source.ask(this.#question());
    const before = known.addresses()?.subnets[0];
    if (known.learnAddresses(addresses)) {
      const subnets = addresses.subnets.map(({ v4, v6 }) => `${v4}, ${v6}`).join(' and ');
      log.log(`subnet ${subnets}${before ? `; before: ${before.v4}, ${before.v6}, which attached instances keep` : ''}`);
      this.#useAddresses();
      // The next answer brings no other addresses, and so would not lead here again.
      await this.#converge().catch((error: unknown) => { this.#loop.trigger('kernel'); throw error; });
    }
    if (routes) this.#hear(routes);
    return { kind: 'again', afterMs: askEveryMs };
  }

  #question(): NodeNetworkQuestion {
    const { known, tunnel, encryption: { kind, publicKey } } = this.#options;
    const [position, problem] = [known.position(), this.#lacking().join('; ')];
    return { ...tunnel, encryption: kind, ...(publicKey !== undefined && { publicKey }), ...(position && { position: { ...position } }), ...(this.#attachments.isFull() && { full: true }), ...(problem && { problem }) };
  }

  #hear(routes: Routes): void {
    const outcome = this.#options.known.learnRoutes(routes);
    if (outcome.kind === 'gap') this.#loop.trigger('network');
    if (outcome.kind !== 'applied') return;
    // Before the kernel was read the ranges of slots are not known; the first convergence takes in all routes.
    if (this.#applied.adopted) this.#setRoutes(outcome.changed);
  }

  #setRoutes(ids: ReadonlySet<string>): void {
    const { known } = this.#options;
    const moves = [...ids].map((id) => this.#applied.overlay.setRoute(id, known.routes().get(id)));
    // Of a route that is gone nobody knows what it was.
    if ([...ids].some((id) => known.routes().get(id)?.kind !== 'service')) void this.#options.encryption.use(this.#applied.overlay.routes()).then(() => { this.#reportOverlay(); });
    this.#rounds.soon();
    this.#reportOverlay();
    this.#step(moves);
  }

  /** Brings the kernel to what the overlay is now. */
  #step(moves: readonly Moves[]): void {
    const { log } = this.#options;
    const step = this.#attachments.apply().catch((error: unknown) => { log.warn(`routes: ${text(error)}; comparing all`); this.#loop.trigger('kernel'); }).then(() => {
      // Also when the kernel refused: who left has left, and nobody tells it again.
      this.#parting.gone(moves.flatMap(({ gone }) => gone));
      this.#parting.came(moves.flatMap(({ came }) => came));
      for (const { barred } of moves) if (barred) void this.#options.datapath.sever(barred.callers, barred.backends).catch((error: unknown) => { log.error(error); });
    });
    const before = this.#steps;
    this.#steps = step.then(() => before);
  }

  #reportOverlay(): void {
    const { problem } = this.#names;
    this.#board.reportOverlay([...this.#lacking(), ...this.#options.encryption.problems(), ...this.#unusable(), ...(problem === undefined ? [] : [problem])]);
  }

  #useAddresses(): void {
    const addresses = this.#options.known.addresses();
    if (!addresses) return;
    this.#applied.setAddresses(addresses);
  }

  #lacking(): string[] {
    const { place, probed, encryption } = this.#options;
    return [...(place ? [] : ['this node has no cluster: its instances have no services and no other nodes']), ...probed.problems, ...encryption.lacking()];
  }

  #unusable(): string[] {
    const [first, ...rest] = this.#applied.overlay.problems();
    return first === undefined ? [] : [`routes that can not be used: ${first}${rest.length > 0 ? ` and ${rest.length} more` : ''}`];
  }

  #failed(key: Key | undefined, error: unknown, attempt: number): void {
    if (key === 'kernel') this.#board.report('kernel', text(error));
    if (key === 'network' && !this.#options.known.addresses()) this.#board.report('subnet', `this node has no subnet yet: ${text(error)}`);
    if (attempt === 1) this.#options.log.warn(`${key ?? 'resync'}: ${text(error)}; trying on`);
  }

  async #telling<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof NetError) this.#options.log.warn(`${what}: ${error.message}`);
      else this.#options.log.error(error);
      throw error;
    }
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function summary(changes: readonly { readonly kind: string }[]): string {
  return changes.map(({ kind }) => kind).join(', ');
}
