import { type InstanceReport, type InstanceSpec, type PlacedReport } from '@oak/contracts';
import { move, type AssignmentBook } from '@oak/instance';
import { StaleRevision, type Collection, type Document } from '@oak/store';
import type { NodeRegistry } from '../nodes/node-registry.ts';
import { placedReport, type InstanceRecord } from './instance-record.ts';

export interface InstancesOptions {
  readonly instances: Collection<InstanceRecord>;
  readonly nodes: NodeRegistry;
  readonly book: AssignmentBook;
  readonly tell: (report: PlacedReport) => void;
  readonly trigger: (id: string) => void;
  readonly log: (text: string) => void;
}

/** What happens to the records: root's orders, nodes' reports, and the cluster's own decisions. Every change is told to root. */
export class Instances {
  readonly #options: InstancesOptions;

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  get(id: string): Promise<InstanceRecord | undefined> {
    return this.#options.instances.get(id).then((document) => document?.body);
  }

  async all(): Promise<InstanceRecord[]> {
    return (await this.#options.instances.list()).map(({ body }) => body);
  }

  async onNode(node: string): Promise<InstanceRecord[]> {
    return (await this.#options.instances.list({ where: { index: 'node', equals: [node] } })).map(({ body }) => body);
  }

  /** Root hears again of what this node has. */
  async tellAgain(node: string): Promise<void> {
    for (const record of await this.onNode(node)) this.#options.tell(placedReport(record));
  }

  /** Root wants these to run. What is here already keeps its state, unless root starts a new attempt. */
  async take(specs: readonly InstanceSpec[]): Promise<void> {
    const results = await this.#options.instances.insertMany(specs.map((spec) => ({ id: spec.id, body: fresh(spec) })));
    for (const [at, result] of results.entries()) {
      const spec = specs[at]!;
      if (!result.ok) await this.#update(spec.id, (record) => retaken(record, spec));
      this.#options.trigger(spec.id);
    }
  }

  /** Root wants these gone. What is not here is gone already, and root hears so: it may wait for that word. */
  async drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const known = await this.#options.instances.update(id, (record) => (record.desired === 'gone' ? undefined : { ...record, desired: 'gone' }));
      if (known) this.#options.trigger(id);
      else this.#options.tell({ id, attempt: 0, status: 'UNDEPLOYED', detail: 'not here', restarts: 0 });
    }
  }

  /** A node says how an instance is. Only its own node counts, and only moves that the table knows. */
  async heard(node: string, report: InstanceReport): Promise<void> {
    const record = await this.get(report.id);
    if (!record || record.node !== node) return;
    if (record.desired === 'gone' && report.status === 'UNDEPLOYED') { await this.forget(report.id); return; }
    const moved = move(record.report, report);
    if (!moved.ok) { this.#options.log(`instance ${report.id} on ${node}: ${moved.reason}; dropped`); return; }
    await this.#update(report.id, (now) => (now.node === node && move(now.report, report).ok && !same(now.report, report) ? { ...now, report } : undefined));
    if (report.status === 'COMPLETED') this.#options.nodes.release(node, report.id);
  }

  /** A node listed all it has at the assignment where it stands now: what it shall drop and does not list is gone. */
  async absent(node: string, listed: ReadonlySet<string>): Promise<void> {
    for (const record of await this.onNode(node)) {
      if (record.desired === 'gone' && !listed.has(record.spec.id)) await this.forget(record.spec.id);
    }
  }

  async placed(id: string, attempt: number, node: string, host: string | undefined, decision: Pick<InstanceRecord, 'explanation'>, detail: string): Promise<InstanceRecord | undefined> {
    return this.#update(id, (record) => {
      if (record.desired !== 'run') return undefined;
      const { host: _old, ...rest } = record;
      return { ...rest, ...decision, node, ...(host && { host }), report: { id, attempt, status: 'NODE_SCHEDULED', detail, restarts: 0 } };
    });
  }

  /** No node takes it now. */
  async refused(id: string, attempt: number, status: 'NO_WORKER_CAPACITY' | 'NO_QUALIFIED_WORKER_FOUND' | 'NO_NODE_FOUND', decision: Pick<InstanceRecord, 'explanation'>, detail: string): Promise<void> {
    await this.#update(id, (record) => {
      const { node: _node, host: _host, ...rest } = record;
      return { ...rest, ...decision, report: { id, attempt, status, detail, restarts: 0 } };
    });
  }

  async forget(id: string): Promise<void> {
    const found = await this.#options.instances.get(id);
    if (!found || !await this.#removeUnchanged(found)) return;
    const record = found.body;
    if (record.node) {
      this.#options.nodes.release(record.node, id);
      this.#options.book.withdraw(record.node, id);
    }
    this.#options.tell({ ...placedReport(record), status: 'UNDEPLOYED', detail: 'removed' });
  }

  /** False: it is gone already, or somebody changed it meanwhile, e.g. root wants it again. */
  async #removeUnchanged({ id, revision }: Document<InstanceRecord>): Promise<boolean> {
    try {
      return await this.#options.instances.remove(id, revision);
    } catch (error) {
      if (error instanceof StaleRevision) return false;
      throw error;
    }
  }

  async #update(id: string, change: (record: InstanceRecord) => InstanceRecord | undefined): Promise<InstanceRecord | undefined> {
    let changed: InstanceRecord | undefined;
    await this.#options.instances.update(id, (record) => (changed = change(record)));
    if (changed) this.#options.tell(placedReport(changed));
    return changed;
  }
}

function fresh(spec: InstanceSpec): InstanceRecord {
  return { spec, desired: 'run', report: { id: spec.id, attempt: spec.attempt, status: 'CLUSTER_SCHEDULED', detail: 'the cluster looks for a node', restarts: 0 } };
}

/** Root says it again. A greater attempt means that root had it back in between: it starts anew, or goes on under that attempt where a node still has it. */
function retaken(record: InstanceRecord, spec: InstanceSpec): InstanceRecord | undefined {
  if (spec.attempt > record.report.attempt) return record.node === undefined ? fresh(spec) : { ...record, spec, desired: 'run', report: { ...record.report, attempt: spec.attempt, restarts: 0 } };
  return record.desired === 'gone' ? { ...record, desired: 'run' } : undefined;
}

function same(a: InstanceReport, b: InstanceReport): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
