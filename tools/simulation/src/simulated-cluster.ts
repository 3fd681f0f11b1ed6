import { openCluster } from '@oak/cluster-orchestrator/composition';
import { MemoryStore } from '@oak/store/testing';
import { SimulatedProcess } from './world.ts';

export class SimulatedCluster extends SimulatedProcess {
  protected async open(): Promise<() => Promise<void>> {
    const { machine, world, name } = this;
    const { close } = await openCluster({
      bus: this.connect(), store: new MemoryStore(machine.disk), clock: world.clock, random: world.random, cluster: name, location: 'memory', version: '1',
      epoch: machine.nextEpoch(), heartbeatMs: 1_500, liveness: { unknownAfterMs: 3_500, lostAfterMs: 5_000 }, hasRoot: true,
      position: machine.file('position'), overlay: { position: machine.file('routes'), ranges: machine.file<unknown>('ranges') }, log: (text) => { this.log(text); },
    });
    return close;
  }
}
