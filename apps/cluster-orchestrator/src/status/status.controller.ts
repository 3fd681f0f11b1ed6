import { Controller, Get, Header, HttpException, Inject } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { nodeStates } from '@oak/contracts';
import { Cluster } from '../cluster.ts';

/** Health and metrics of this cluster; nothing here needs or tells a secret. */
@Controller()
export class StatusController {
  readonly #registry = new Registry();

  constructor(@Inject(Cluster) private readonly cluster: Cluster) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'oakestra_nodes', help: 'Nodes by state', labelNames: ['state'], registers: [this.#registry],
      collect() { for (const state of nodeStates) this.set({ state }, cluster.nodes.names().filter((name) => cluster.nodes.get(name)?.state === state).length); },
    });
  }

  @Get('healthz')
  healthy(): { status: string } {
    return { status: 'ok' };
  }

  /** A cluster without root is ready: it goes on by itself, and says so. */
  @Get('readyz')
  ready(): { status: string; connected_to_root: boolean } {
    if (this.cluster.bus.status() !== 'connected') throw new HttpException('the bus is not connected; see the log for the reason', 503);
    return { status: 'ok', connected_to_root: this.cluster.uplink.registered };
  }

  @Get('metrics') @Header('content-type', 'text/plain; version=0.0.4')
  expose(): Promise<string> {
    return this.#registry.metrics();
  }
}
