import type { InstanceReport, InstanceSpec } from '@oak/contracts';
import { move } from '@oak/instance';
import { StaleRevision, type Collection } from '@oak/store';
import type { InstanceRecord } from './instance-record.ts';

export interface InstancesOptions {
  readonly instances: Collection<InstanceRecord>;
  readonly tell: (report: InstanceReport) => void;
  readonly trigger: (id: string) => void;
  /** A start that is on its way is not wanted any more. */
  readonly cancel: (id: string) => void;
  readonly log: (text: string) => void;
}

/** The records of this node's instances. Every change of a report is told to the cluster. */
export class Instances {
  readonly #options: InstancesOptions;

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  async get(id: string): Promise<InstanceRecord | undefined> {
    return (await this.#options.instances.get(id))?.body;
  }

  async all(): Promise<InstanceRecord[]> {
    return (await this.#options.instances.list()).map(({ body }) => body);
  }

  async take(specs: readonly InstanceSpec[]): Promise<void> {
    const results = await this.#options.instances.insertMany(specs.map((spec) => ({ id: spec.id, body: fresh(spec) })));
    for (const [at, result] of results.entries()) {
      const spec = specs[at]!;
      if (!result.ok) await this.#retake(spec);
      this.#options.trigger(spec.id);
    }
  }

  /** It may run on as it is, so that nothing else would tell under which attempt. */
  async #retake(spec: InstanceSpec): Promise<void> {
    let changed: InstanceRecord | undefined;
    await this.#options.instances.update(spec.id, (record) => (changed = retaken(record, spec)));
    if (changed) this.#options.tell(changed.report);
  }

  /** What is not here is gone already, and the cluster hears so: it may wait for that word. */
  async drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const known = await this.#options.instances.update(id, (record) => (record.desired === 'gone' ? undefined : { ...record, desired: 'gone' }));
      this.#options.cancel(id);
      if (known) this.#options.trigger(id);
      else this.#options.tell({ id, attempt: 0, status: 'UNDEPLOYED', detail: 'not here', restarts: 0 });
    }
  }

  /** The instance is as `report` says. @throws when the table knows no such move: a bug of ours */
  async say(id: string, report: InstanceReport): Promise<void> {
    let said: InstanceReport | undefined;
    await this.#options.instances.update(id, (record) => {
      const moved = move(record.report, report);
      if (!moved.ok) throw new Error(`instance ${id}: ${moved.reason}`);
      said = report;
      return { ...record, report };
    });
    if (said) this.#options.tell(said);
  }

  /** Whether it answers, as long as it runs. Nothing is told when that is known. */
  async setReady(id: string, ready: boolean, detail: string): Promise<void> {
    let said: InstanceReport | undefined;
    await this.#options.instances.update(id, (record) => {
      const { report } = record;
      if (report.status !== 'RUNNING' || ((report.ready ?? true) === ready && report.detail === detail)) return undefined;
      said = { ...report, ready, detail };
      return { ...record, report: said };
    });
    if (said) this.#options.tell(said);
  }

  /** Before each start but the first. */
  async nextAttempt(id: string): Promise<InstanceRecord | undefined> {
    const document = await this.#options.instances.update(id, (record) => ({
      ...record, report: { ...record.report, attempt: record.report.attempt + 1, restarts: record.report.restarts + 1, status: 'CREATING' },
    }));
    return document?.body;
  }

  async failures(id: string): Promise<number> {
    return (await this.get(id))?.failures ?? 0;
  }

  async setFailures(id: string, failures: number): Promise<void> {
    await this.#options.instances.update(id, (record) => ({ ...record, failures }));
  }

  /** Not if it was given again while it was removed: then it is another attempt, which begins now. */
  async forget(id: string): Promise<void> {
    const document = await this.#options.instances.get(id);
    if (document?.body.desired !== 'gone') return;
    try {
      await this.#options.instances.remove(id, document.revision);
    } catch (error) {
      if (error instanceof StaleRevision) return this.forget(id);
      throw error;
    }
    const { attempt, restarts } = document.body.report;
    this.#options.tell({ id, attempt, restarts, status: 'UNDEPLOYED', detail: 'removed' });
  }
}

function fresh(spec: InstanceSpec): InstanceRecord {
  return { spec, desired: 'run', failures: 0, report: { id: spec.id, attempt: spec.attempt, status: 'NODE_SCHEDULED', detail: 'the node has it', restarts: 0 } };
}

/** Given again: what runs goes on, under the attempt that the cluster now counts. */
function retaken(record: InstanceRecord, spec: InstanceSpec): InstanceRecord | undefined {
  if (spec.attempt <= record.spec.attempt && record.desired === 'run') return undefined;
  return { ...record, spec, desired: 'run', report: { ...record.report, attempt: Math.max(spec.attempt, record.report.attempt) } };
}
