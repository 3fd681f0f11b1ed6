import { virtualizationSchema, type RuntimeStatus } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import type { Runtime } from '@oak/runtime';

/** A virtualization that this node may have. */
export interface CatalogueHandler {
  readonly name: string;
  /** `docker` and `container` mean this one. */
  readonly isDefault: boolean;
}

/** One way to launch it. */
export interface CatalogueRoute {
  readonly label: string;
  /** Programs that must be there. */
  readonly requires: readonly string[];
  /** The one of them whose version counts. */
  readonly binary: string | undefined;
  /** Where they are looked up, for people; default containerd's PATH. */
  readonly place?: string;
}

export interface DetectedHandlers<H> {
  /** Of containerd's configuration, under names that an operator chose. */
  readonly handlers: readonly H[];
  /** Whose names are ours. */
  readonly own?: readonly H[];
  readonly problems: readonly string[];
}

export interface ProbeOutcome { readonly ok: boolean; readonly reason?: string; readonly ms: number }

export interface CatalogueOptions<H extends CatalogueHandler, R extends CatalogueRoute> {
  readonly detect: () => DetectedHandlers<H>;
  readonly routes: (handler: H) => readonly R[];
  readonly runtimeFor: (virtualization: string, route: R, version: string | undefined) => Runtime;
  readonly probe: (route: R, signal: AbortSignal) => Promise<ProbeOutcome>;
  /** Where a program that a route needs is; undefined: nowhere. */
  readonly find: (program: string, route: R) => string | undefined;
  /** What the program at that path says of itself; undefined: nothing. */
  readonly versionOf: (path: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly log: (text: string) => void;
}

interface Entry<H, R> {
  readonly handler: H;
  readonly route: R;
  readonly runtime: Runtime;
  readonly healthy: boolean;
  readonly reason: string | undefined;
  readonly probedAtMs: number;
  readonly probeMs: number;
}

/** The virtualizations of this node. Detected means probed: what is not seen running a workload is shown with its reason and takes nothing. */
export class RuntimeCatalogue<H extends CatalogueHandler = CatalogueHandler, R extends CatalogueRoute = CatalogueRoute> {
  readonly #options: CatalogueOptions<H, R>;
  #entries = new Map<string, Entry<H, R>>();
  #refreshing: Promise<void> = Promise.resolve();

  constructor(options: CatalogueOptions<H, R>) {
    this.#options = options;
  }

  statuses(): RuntimeStatus[] {
    return [...this.#entries.values()].map(({ handler, runtime, healthy, reason, probedAtMs, probeMs }) => {
      const { route, version, capabilities } = runtime.describe();
      return {
        virtualization: handler.name, healthy, route, capabilities, probedAtMs, probeMs,
        ...(healthy ? {} : { reason: (reason ?? 'its probe failed').slice(0, 4_000) }), ...(version !== undefined && { version }), ...(handler.isDefault && { isDefault: true }),
      };
    });
  }

  /** Never another runtime than the one that was asked for. */
  resolve(virtualization: string): Runtime | { readonly problem: string } {
    const entry = virtualization === 'docker' || virtualization === 'container' ? [...this.#entries.values()].find(({ handler }) => handler.isDefault) : this.#entries.get(virtualization);
    if (!entry) return { problem: `this node has no runtime ${virtualization}; it has: ${[...this.#entries.keys()].join(', ') || 'none'}` };
    return entry.healthy ? entry.runtime : { problem: `runtime ${entry.handler.name} does not work on this node: ${entry.reason ?? 'its probe failed'}` };
  }

  all(): Runtime[] {
    return [...this.#entries.values()].map(({ runtime }) => runtime);
  }

  /** Reads the configuration and probes everything; one after the other when asked again meanwhile. Aborted, it leaves all as it was and throws the signal's reason. */
  refresh(because: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refresh(because, signal));
    return this.#refreshing;
  }

  /** Cheap: are the programs still there? One that vanished makes its runtime unavailable at once; a route whose programs came (back) is probed. */
  async checkPrograms(signal?: AbortSignal): Promise<void> {
    const vanished = [...this.#entries.values()].flatMap((entry) => {
      const reason = entry.healthy ? this.#missing(entry.route) : undefined;
      return reason === undefined ? [] : [{ ...entry, healthy: false, reason }];
    });
    for (const entry of vanished) this.#put(entry);
    if (vanished.length > 0) this.#options.onChange();
    const complete = ({ handler }: Entry<H, R>): boolean => this.#options.routes(handler).some((route) => this.#missing(route) === undefined);
    const hopeful = [...this.#entries.values()].some((entry) => !entry.healthy && entry.reason?.startsWith(missingText) === true && complete(entry));
    if (hopeful) await this.refresh('a program is there', signal);
  }

  async #refresh(because: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { handlers: configured, own = [], problems: faults } = this.#options.detect();
    const handlers = [...configured.filter(({ name }) => nameFault(name) === undefined), ...own];
    const problems = [...faults, ...configured.flatMap(({ name }) => nameFault(name) ?? [])];
    for (const problem of problems) this.#options.log(`containerd's configuration: ${problem}`);
    const before = JSON.stringify(this.statuses().map(stable));
    const probed = await inTurns(handlers, probesAtOnce, (handler) => this.#probe(handler, signal));
    // What still runs in a runtime that is configured no more is watched and stopped through it.
    const gone = [...this.#entries.values()].filter(({ handler }) => !handlers.some(({ name }) => name === handler.name))
      .map((entry) => ({ ...entry, handler: { ...entry.handler, isDefault: false }, healthy: false, reason: [`it is no longer in containerd's configuration`, ...problems].join('; ') }));
    const entries = [...probed, ...gone];
    this.#entries = new Map(entries.map((entry) => [entry.handler.name, entry]));
    for (const { handler, healthy, reason, route, runtime, probeMs } of entries) this.#options.log(`runtime ${handler.name}: ${healthy ? `works by ${route.label} (${runtime.describe().version ?? 'version unknown'}, ${probeMs} ms)` : `does not work: ${reason ?? ''}`} [${because}]`);
    if (JSON.stringify(this.statuses().map(stable)) !== before) this.#options.onChange();
  }

  /** The first route that works; if none does, the first one's reason and then the others'. */
  async #probe(handler: H, signal: AbortSignal): Promise<Entry<H, R>> {
    const failures: { route: R; reason: string; ms: number }[] = [];
    for (const route of this.#options.routes(handler)) {
      const missing = this.#missing(route);
      const result = missing === undefined ? await this.#probeRoute(route, signal) : { ok: false, reason: missing, ms: 0 };
      if (result.ok) return this.#entry(handler, route, { healthy: true, reason: undefined, probeMs: result.ms }, signal);
      failures.push({ route, reason: result.reason ?? 'it failed', ms: result.ms });
    }
    const [first] = failures;
    if (!first) throw new Error(`runtime ${handler.name} has no route`);
    const reason = failures.length === 1 ? first.reason : failures.map(({ route, reason: text }) => `${route.label}: ${text}`).join('; ');
    return this.#entry(handler, first.route, { healthy: false, reason: first.reason.startsWith(missingText) && failures.every((one) => one.reason.startsWith(missingText)) ? `${missingText}: ${reason}` : reason, probeMs: first.ms }, signal);
  }

  /** What breaks in one probe must not hide what the others found. */
  async #probeRoute(route: R, signal: AbortSignal): Promise<ProbeOutcome> {
    try {
      return await this.#options.probe(route, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, reason: String(error), ms: 0 };
    }
  }

  /** A runtime object that serves the same route of the same version stays. */
  async #entry(handler: H, route: R, health: Pick<Entry<H, R>, 'healthy' | 'reason' | 'probeMs'>, signal: AbortSignal): Promise<Entry<H, R>> {
    const known = this.#entries.get(handler.name);
    const version = await this.#versionOf(route, signal);
    const same = known?.route.label === route.label && known.runtime.describe().version === version;
    const runtime = same ? known.runtime : this.#options.runtimeFor(handler.name, route, version);
    return { handler, route, runtime, ...health, probedAtMs: this.#options.clock.now() };
  }

  async #versionOf(route: R, signal: AbortSignal): Promise<string | undefined> {
    const path = route.binary === undefined ? undefined : this.#options.find(route.binary, route);
    return path === undefined ? undefined : this.#options.versionOf(path, signal);
  }

  #missing(route: R): string | undefined {
    const gone = route.requires.filter((program) => this.#options.find(program, route) === undefined);
    return gone.length === 0 ? undefined : `${missingText}: ${gone.join(', ')} not found on ${route.place ?? "containerd's PATH"}`;
  }

  #put(entry: Entry<H, R>): void {
    this.#entries.set(entry.handler.name, entry);
    this.#options.log(`runtime ${entry.handler.name} became unavailable: ${entry.reason ?? ''}`);
  }
}

const missingText = 'program missing';
/** Names with another meaning in descriptors. */
const taken = ['docker', 'container', 'unikernel'];

function nameFault(name: string): string | undefined {
  if (taken.includes(name)) return `runtime "${name}" is left out: in a descriptor this name means something else; give it another one`;
  return virtualizationSchema.safeParse(name).success ? undefined : `runtime "${name.slice(0, 100)}" is left out: use letters, digits, dot, _ and -, at most 63`;
}

/** Probes take a core each; more at once would time each other out on a small board. */
const probesAtOnce = 2;

async function inTurns<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const turn = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  return results;
}

/** What counts as a change; the time of a probe does not. */
function stable({ probedAtMs: _at, probeMs: _ms, ...rest }: RuntimeStatus): object {
  return rest;
}
