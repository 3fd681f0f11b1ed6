import type { Fingerprint, NodeView, Resources } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import { demandOf, PlacementIndex, type Candidate, type Decision } from '@oak/scheduling';
import type { Collection, Document } from '@oak/store';
import type { InstanceRecord } from '../instances/instance-record.ts';
import { livenessOf, type LivenessPolicy } from './liveness.ts';
import type { NodeRecord } from './node-record.ts';

export interface NodeRegistryOptions {
  readonly nodes: Collection<NodeRecord>;
  readonly clock: Clock;
  readonly policy: LivenessPolicy;
  /** A node came, went, or can do something else than before. */
  readonly onChange: (name: string, before: NodeRecord | undefined, now: NodeRecord) => void;
  /** Something was reserved or released. */
  readonly onRoom: () => void;
}

interface Entry {
  record: NodeRecord;
  /** By the monotonic clock. */
  heardAt: number | undefined;
  /** By instance: what it holds of this node until it is released. */
  readonly held: Map<string, InstanceRecord['spec']>;
}

/** The nodes of this cluster: who they are, when they were last heard, and what of them is reserved. */
export class NodeRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #index = new PlacementIndex();
  readonly #options: NodeRegistryOptions;

  constructor(options: NodeRegistryOptions) {
    this.#options = options;
  }

  /** After a start: everyone has the whole grace to be heard again. */
  async load(instances: readonly InstanceRecord[]): Promise<void> {
    for (const { body } of await this.#options.nodes.list()) {
      this.#entries.set(body.name, { record: body, heardAt: this.#options.clock.monotonic(), held: new Map() });
      this.#refresh(body.name);
    }
    for (const { node, spec, report } of instances) {
      if (node && report.status !== 'COMPLETED') this.reserve(node, spec);
    }
  }

  get(name: string): NodeRecord | undefined {
    return this.#entries.get(name)?.record;
  }

  names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  place(spec: InstanceRecord['spec']): Decision {
    return this.#index.place(demandOf(spec.microservice, 'node', spec.serviceId));
  }

  /** Who would take it and why not the others; reserves nothing. */
  candidates(): Candidate[] {
    return [...this.#entries.values()].map((entry) => candidateOf(entry));
  }

  reserve(name: string, spec: InstanceRecord['spec']): void {
    const entry = this.#entries.get(name);
    if (!entry || entry.held.has(spec.id)) return;
    entry.held.set(spec.id, spec);
    this.#refresh(name);
    this.#options.onRoom();
  }

  release(name: string, id: string): void {
    if (!this.#entries.get(name)?.held.delete(id)) return;
    this.#refresh(name);
    this.#options.onRoom();
  }

  /** A sign of life. False: we do not know this node, or have declared it lost; it must register. */
  heard(name: string): boolean {
    const entry = this.#entries.get(name);
    if (!entry || entry.record.state === 'lost') return false;
    entry.heardAt = this.#options.clock.monotonic();
    return true;
  }

  async register(name: string, fingerprint: Fingerprint): Promise<void> {
    await this.#change(name, (before) => ({
      name, epoch: fingerprint.epoch, description: fingerprint.description, runtimes: fingerprint.runtimes,
      state: 'active', cordoned: before?.cordoned ?? false, registeredAtMs: this.#options.clock.now(),
    }));
    this.#entries.get(name)!.heardAt = this.#options.clock.monotonic();
  }

  /** What a node can do changed. */
  async fingerprint(name: string, fingerprint: Fingerprint): Promise<void> {
    const { description, runtimes } = fingerprint;
    if (this.get(name)) await this.#change(name, (before) => before && { ...before, description, runtimes });
  }

  /** Closed to new instances, or open again; what runs there stays. Kept over restarts of anyone. */
  async cordon(name: string, cordoned: boolean): Promise<void> {
    if (this.get(name)) await this.#change(name, (before) => (before && before.cordoned !== cordoned ? { ...before, cordoned } : undefined));
  }

  /** Who has been silent for too long. Called on a period. */
  async sweep(): Promise<void> {
    const now = this.#options.clock.monotonic();
    for (const { record, heardAt } of [...this.#entries.values()]) {
      const state = livenessOf(record.state, now - (heardAt ?? now), this.#options.policy);
      if (state !== record.state) await this.#change(record.name, (before) => before && { ...before, state });
    }
  }

  /** Whether instances are counted on this node. */
  isHeld(name: string): boolean {
    return (this.#entries.get(name)?.held.size ?? 0) > 0;
  }

  view(name: string, subnets: NodeView['subnets'], overlay?: NodeView['overlay']): NodeView | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    const { state, cordoned, description, runtimes } = entry.record;
    return {
      name, state, cordoned, description, runtimes, free: freeOf(entry), instances: entry.held.size, subnets, ...(overlay && { overlay }),
      ...(entry.heardAt !== undefined && { lastSeenAtMs: this.#wallTime(entry.heardAt) }),
    };
  }

  #wallTime(monotonic: number): number {
    const { clock } = this.#options;
    return Math.max(0, Math.round(clock.now() - (clock.monotonic() - monotonic)));
  }

  /** Reads and writes in one step of the store, so that no other change of this turn is lost. Undefined: leave it as it is. */
  async #change(name: string, change: (before: NodeRecord | undefined) => NodeRecord | undefined): Promise<void> {
    const before = this.get(name);
    const stored = await this.#options.nodes.update(name, change) ?? await this.#insert(name, change(undefined));
    if (!stored) return;
    const entry = this.#entries.get(name);
    if (entry) entry.record = stored.body;
    else this.#entries.set(name, { record: stored.body, heardAt: undefined, held: new Map() });
    this.#refresh(name);
    this.#options.onChange(name, before, stored.body);
  }

  #insert(name: string, record: NodeRecord | undefined): Promise<Document<NodeRecord>> | undefined {
    return record && this.#options.nodes.insert(name, record);
  }

  #refresh(name: string): void {
    const entry = this.#entries.get(name);
    if (entry) this.#index.upsert(candidateOf(entry));
  }
}

function freeOf({ record, held }: Entry): Resources {
  const free = { ...record.description.total };
  for (const { microservice } of held.values()) {
    const { resources } = demandOf(microservice, 'node', '');
    free.vcpus -= resources.vcpus;
    free.memoryMiB -= resources.memoryMiB;
    free.storageMiB -= resources.storageMiB;
    free.vgpus -= resources.vgpus;
  }
  return { vcpus: Math.max(0, free.vcpus), memoryMiB: Math.max(0, free.memoryMiB), storageMiB: Math.max(0, free.storageMiB), vgpus: Math.max(0, free.vgpus) };
}

function candidateOf(entry: Entry): Candidate {
  const { record, held } = entry;
  const { description } = record;
  const hosts: Record<string, number> = {};
  const hostPorts: Candidate['hostPorts'][number][] = [];
  for (const spec of held.values()) {
    hosts[spec.serviceId] = (hosts[spec.serviceId] ?? 0) + 1;
    for (const { port, protocol } of demandOf(spec.microservice, 'node', '').hostPorts) hostPorts.push({ port, protocol, by: `${spec.name}.instance.${spec.instanceNumber}` });
  }
  return {
    id: record.name, name: record.name, archs: [description.arch], total: description.total, free: freeOf(entry),
    runtimes: Object.fromEntries(record.runtimes.flatMap((runtime) => {
      const allowsPrivileged = description.allowsPrivileged === true && runtime.capabilities.privileged;
      const state = runtime.healthy ? { available: true, allowsPrivileged } : { available: false, reason: runtime.reason ?? 'its probe failed' };
      return runtime.isDefault ? [[runtime.virtualization, state], ['docker', state]] : [[runtime.virtualization, state]];
    })),
    csiDrivers: description.csiDrivers, addons: description.addons, hostPorts, hosts,
    cordoned: record.cordoned, stale: record.state !== 'active',
  };
}
