import { clusterAssignment, clusterHandBack, clusterRegister, clusterReport, clusterSummary, type Assignment, type ClusterSummary, type InstanceSpec, type InstanceStatus, type PlacedReport } from '@oak/contracts';
import type { MemoryBus, MemoryNetwork } from '@oak/messaging/testing';

const roomy = { vcpus: 4, memoryMiB: 8_000, storageMiB: 100_000, vgpus: 0 };

/** What root hears of a cluster, said by a test: it registers, learns what it shall run, and reports what it is told to report. */
export class StandInCluster {
  readonly name: string;
  readonly assigned = new Map<string, InstanceSpec>();
  readonly withdrawn: string[] = [];
  /** What shall go takes its time, until `letGo`. */
  isSlow = false;
  readonly #leaving: InstanceSpec[] = [];
  readonly bus: MemoryBus;
  #sequence = 0;
  #summaries = 0;
  #position = { epoch: 0, revision: 0 };

  private constructor(name: string, network: MemoryNetwork) {
    this.name = name;
    this.bus = network.connect(`cluster-${name}`);
    this.bus.subscribe(clusterAssignment, [name], (message) => { this.#take(message); });
  }

  static async join(network: MemoryNetwork, name: string): Promise<StandInCluster> {
    const cluster = new StandInCluster(name, network);
    const { assignment } = await cluster.bus.request(clusterRegister, { summary: cluster.#summary(), version: 'test' }, 5_000, name);
    cluster.#take(assignment);
    return cluster;
  }

  /** The one instance of a microservice by its short name, or the one of this number. */
  spec(microservice: string, number?: number): InstanceSpec {
    const found = [...this.assigned.values()].find((one) => one.microservice.microservice_name === microservice && (number === undefined || one.instanceNumber === number));
    if (!found) throw new Error(`cluster ${this.name} was not given ${microservice} ${number ?? ''}; it has ${[...this.assigned.values()].map(({ name, instanceNumber }) => `${name}/${instanceNumber}`).join(', ')}`);
    return found;
  }

  report(spec: Pick<InstanceSpec, 'id' | 'attempt'>, status: InstanceStatus, more: Partial<PlacedReport> = {}): void {
    const { id, attempt } = spec;
    const instance: PlacedReport = { id, attempt, status, detail: `as the test says: ${status}`, restarts: 0, virtualization: 'runc', node: 'node1', host: '192.0.2.12', startedAtMs: 1, ...more };
    this.bus.publish(clusterReport, { epoch: 1, sequence: ++this.#sequence, kind: 'changed', position: this.#position, instances: [instance] }, this.name);
  }

  async handBack({ id, attempt }: Pick<InstanceSpec, 'id' | 'attempt'>, summary: string): Promise<void> {
    this.assigned.delete(id);
    await this.bus.request(clusterHandBack, { id, attempt, status: 'NO_QUALIFIED_WORKER_FOUND', explanation: { evaluated: 1, filtered: [], exhausted: [], top: [], complete: true, summary } }, 5_000, this.name);
  }

  /** What it offers is as before, but said anew: it lives. */
  summarise(): void {
    this.bus.publish(clusterSummary, this.#summary(), this.name);
  }

  letGo(): void {
    this.isSlow = false;
    for (const spec of this.#leaving.splice(0)) this.report(spec, 'UNDEPLOYED');
  }

  async leave(): Promise<void> {
    await this.bus.drain();
  }

  #take(message: Assignment): void {
    this.#position = { epoch: message.epoch, revision: message.revision };
    const [set, gone] = message.kind === 'complete' ? [message.instances, []] : [message.assign, message.withdraw.map(({ id }) => id)];
    for (const spec of set) this.assigned.set(spec.id, spec);
    for (const id of gone) {
      const spec = this.assigned.get(id);
      this.withdrawn.push(id);
      this.assigned.delete(id);
      if (spec && this.isSlow) this.#leaving.push(spec);
      else if (spec) this.report(spec, 'UNDEPLOYED');
    }
  }

  #summary(): ClusterSummary {
    return {
      epoch: 1, sequence: ++this.#summaries, location: '48.26,11.66,1000', nodes: { active: 2, unknown: 0, lost: 0, cordoned: 0 }, total: roomy, free: roomy,
      runtimes: [{ virtualization: 'docker', healthy: 2, unhealthy: 0, reasons: [] }], fits: [{ virtualization: 'docker', arch: 'amd64', shapes: [roomy] }], csiDrivers: [], addons: [],
    };
  }
}
