import type { ClusterSummary } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import type { Candidate } from '@oak/scheduling';
import type { Collection } from '@oak/store';
import type { ClusterRecord } from './cluster-record.ts';
import { livenessOf, type ClusterLivenessPolicy, type ClusterState } from './liveness.ts';

export interface ClusterRegistryOptions {
  readonly clusters: Collection<ClusterRecord>;
  readonly clock: Clock;
  readonly policy: ClusterLivenessPolicy;
  readonly newId: () => string;
  /** A cluster came, went silent, was given up, came back, or offers something else. */
  readonly onChange: (name: string) => void;
}

export interface KnownCluster {
  readonly id: string;
  readonly record: ClusterRecord;
  /** When it was last heard, by the monotonic clock. Undefined: not since this process started. */
  readonly heardAt: number | undefined;
  /** Heard lately: gets something new. */
  readonly active: boolean;
  /** Silent for so long that what it has is placed elsewhere. */
  readonly lost: boolean;
}

class Entry implements KnownCluster {
  readonly id: string;
  record: ClusterRecord;
  heardAt: number | undefined;
  state: ClusterState = 'silent';
  /** How often something left it. */
  departures = 0;

  constructor(id: string, record: ClusterRecord) {
    this.id = id;
    this.record = record;
  }

  get active(): boolean {
    return this.state === 'active';
  }

  get lost(): boolean {
    return this.state === 'lost';
  }
}

/** The clusters: what they offer and when they were last heard. What they offer is stored, heartbeats are not. */
export class ClusterRegistry {
  readonly #known = new Map<string, Entry>();
  readonly #startedAt: number;
  readonly #options: ClusterRegistryOptions;

  constructor(options: ClusterRegistryOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  async load(): Promise<void> {
    for (const { id, body } of await this.#options.clusters.list()) this.#known.set(body.name, new Entry(id, body));
  }

  get(name: string): KnownCluster | undefined {
    return this.#known.get(name);
  }

  all(): KnownCluster[] {
    return [...this.#known.values()].sort((a, b) => a.record.name.localeCompare(b.record.name));
  }

  async register(name: string, summary: ClusterSummary, version: string): Promise<string> {
    const record: ClusterRecord = { name, summary, version, registeredAtMs: this.#options.clock.now() };
    const known = this.#known.get(name);
    const id = known?.id ?? this.#options.newId();
    if (known) await this.#options.clusters.update(id, () => record);
    else await this.#options.clusters.insert(id, record);
    const entry = known ?? new Entry(id, record);
    entry.record = record;
    entry.heardAt = this.#options.clock.monotonic();
    entry.state = 'active';
    this.#known.set(name, entry);
    this.#options.onChange(name);
    return id;
  }

  /** A sign of life. False: it never registered, or we have given it up; it must register. */
  heard(name: string): boolean {
    const known = this.#known.get(name);
    if (!known || known.lost) return false;
    known.heardAt = this.#options.clock.monotonic();
    this.#enter(known, 'active');
    return true;
  }

  /** What it offers changed. Older summaries are dropped. */
  async summarised(name: string, summary: ClusterSummary): Promise<void> {
    const known = this.#known.get(name);
    if (!known || isOlder(summary, known.record.summary)) return;
    known.record = { ...known.record, summary };
    await this.#options.clusters.update(known.id, (record) => ({ ...record, summary }));
    this.#options.onChange(name);
  }

  /** Called on a period: who fell silent, and whom to give up. */
  sweep(): void {
    const now = this.#options.clock.monotonic();
    for (const known of this.#known.values()) {
      this.#enter(known, livenessOf(known.state, now - (known.heardAt ?? this.#startedAt), known.heardAt !== undefined, this.#options.policy));
    }
  }

  #enter(known: Entry, state: ClusterState): void {
    if (known.state === state) return;
    known.state = state;
    this.#options.onChange(known.record.name);
  }

  /** When it was last heard, for people: milliseconds since 1970 by today's wall clock. */
  lastSeenAtMs({ heardAt, record }: KnownCluster): number {
    const { clock } = this.#options;
    return heardAt === undefined ? record.registeredAtMs : Math.round(clock.now() - (clock.monotonic() - heardAt));
  }

  /** Something left it: what it could not take for want of a port, a node or an address it may take now, though its summary need not say so. */
  departed(name: string): void {
    const known = this.#known.get(name);
    if (known) known.departures += 1;
  }

  departures(name: string): number {
    return this.#known.get(name)?.departures ?? 0;
  }

  /** What the cluster offered, as text: a refusal counts as long as this stays the same. `departures`: of when it was asked; what leaves while it thinks may make room. */
  offer(name: string, departures = this.departures(name)): string {
    const summary = this.#known.get(name)?.record.summary;
    return summary ? JSON.stringify([departures, summary.fits, summary.csiDrivers, summary.addons, summary.nodes, summary.runtimes.map(({ virtualization, healthy }) => [virtualization, healthy])]) : '';
  }

  candidates(): Candidate[] {
    return this.all().map(candidateOf);
  }
}

function isOlder(a: ClusterSummary, b: ClusterSummary): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.sequence <= b.sequence);
}

/** Runtimes work on active nodes, and yet nothing is offered: each of those nodes is closed. */
function isCordoned({ fits, runtimes }: ClusterSummary): boolean {
  return fits.length === 0 && runtimes.some(({ healthy }) => healthy > 0);
}

function candidateOf({ record: { name, summary }, active }: KnownCluster): Candidate {
  return {
    id: name, name, archs: [...new Set(summary.fits.map((fit) => fit.arch))],
    runtimes: Object.fromEntries(summary.runtimes.map(({ virtualization, healthy, reasons }) => [
      virtualization, healthy > 0 ? { available: true } : { available: false, reason: reasons.map(({ node, reason }) => `${node}: ${reason}`).join('; ') },
    ])),
    total: summary.total, free: summary.free, fits: summary.fits, csiDrivers: summary.csiDrivers, addons: summary.addons,
    hostPorts: [], hosts: {}, cordoned: isCordoned(summary), stale: !active,
  };
}
