import { openRoot, readDescriptor, type Applications, type Root } from '@oak/root-orchestrator/composition';
import { MemoryStore } from '@oak/store/testing';
import { image } from './simulated-node.ts';
import { SimulatedProcess } from './world.ts';

export interface InstanceState {
  readonly id: string;
  readonly status: string;
  readonly detail: string;
  readonly attempt: number;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
}

export class SimulatedRoot extends SimulatedProcess {
  #parts: { root: Root; applications: Applications } | undefined;
  #made = 0;

  protected async open(): Promise<() => Promise<void>> {
    const { machine, world } = this;
    const opened = await openRoot({
      bus: this.connect(), store: new MemoryStore(machine.disk), clock: world.clock, random: world.random, epoch: machine.nextEpoch(), newId: () => world.newId(),
      liveness: { silentAfterMs: 15_000, lostAfterMs: 60_000 }, log: (text) => { this.log(text); },
    });
    this.#parts = opened;
    return async () => { this.#parts = undefined; await opened.close(); };
  }

  /** A new microservice with so many instances. Returns its id. */
  async deploy(count: number, microservice: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { root, applications } = this.#here();
    const { sla, submitted } = readDescriptor({
      sla_version: 'v2.0',
      applications: [{
        application_name: `app${++this.#made}`, application_namespace: 'sim',
        microservices: [{ microservice_name: 'one', microservice_namespace: 'sim', virtualization: 'runc', code: image, memory: 10, vcpus: 0.01, ...microservice }],
      }],
    });
    const created = await applications.create('admin', sla.applications[0]!, submitted(0));
    const [service] = await applications.services(created.id);
    await root.instances.create(service!.id, count);
    return service!.id;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.#here().root.instances.remove(ids);
  }

  /** All instances that root knows, by id. */
  async instances(): Promise<(InstanceState & { readonly desired: 'run' | 'gone' })[]> {
    const page = await this.#here().root.instances.page({ limit: 100_000 });
    return page.map(({ id, body: { status, detail, attempt, cluster, desired, report } }) => ({ id, status, detail, attempt, cluster, desired, node: report?.node }));
  }

  #here(): { root: Root; applications: Applications } {
    if (!this.#parts) throw new Error('root is down');
    return this.#parts;
  }
}
