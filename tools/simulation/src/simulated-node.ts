import { openNode } from '@oak/node-engine/composition';
import { FakeRuntime } from '@oak/runtime/testing';
import { MemoryStore } from '@oak/store/testing';
import { Machine } from './machine.ts';
import { MemoryNet } from './memory-net.ts';
import { SimulatedProcess, type World } from './world.ts';

export const image = 'docker.io/library/busybox:latest';
const capacity = { vcpus: 4, memoryMiB: 4_096, storageMiB: 10_000, vgpus: 0 };

/** A node: its engine comes and goes, what it runs stays until the power goes. */
export class SimulatedNode extends SimulatedProcess {
  readonly cluster: string;
  #net = new MemoryNet();
  #runtime: FakeRuntime;

  constructor(world: World, cluster: string, name: string) {
    super(world, name, new Machine());
    this.cluster = cluster;
    this.#runtime = this.#newRuntime();
  }

  /** Ids of the instances that run here. */
  async running(): Promise<string[]> {
    const all = await this.#runtime.list(new AbortController().signal);
    return all.filter(({ phase }) => phase === 'running').map(({ id }) => id);
  }

  /** A workload ends by itself. */
  crash(id: string): void {
    this.#runtime.end(id, { code: 1 });
  }

  async powerOff(): Promise<void> {
    await this.kill();
    this.#net = new MemoryNet();
    this.#runtime = this.#newRuntime();
  }

  protected async open(): Promise<() => Promise<void>> {
    const { machine, world, name, cluster } = this;
    const runtime = this.#runtime;
    const { capabilities, route } = runtime.describe();
    const { close } = await openNode({
      bus: this.connect(), store: new MemoryStore(machine.disk), net: this.#net, clock: world.clock, random: world.random, cluster, node: name,
      epoch: machine.nextEpoch(), newId: () => world.newId(), drainMs: 100, graceMs: 1_000, position: machine.file('position'), log: (text) => { this.log(text); },
      runtimes: { resolve: (virtualization) => (virtualization === runtime.virtualization ? runtime : { problem: `no runtime ${virtualization}` }), all: () => [runtime] },
      describe: () => ({
        description: { hostname: name, arch: 'amd64', kernel: '6', version: '1', total: capacity, csiDrivers: [], addons: [], labels: {} },
        runtimes: [{ virtualization: runtime.virtualization, healthy: true, route, capabilities, probedAtMs: 0 }],
      }),
    });
    return close;
  }

  #newRuntime(): FakeRuntime {
    const runtime = new FakeRuntime({ clock: this.world.clock, virtualization: 'runc' });
    runtime.images.set(image, {});
    return runtime;
  }
}
