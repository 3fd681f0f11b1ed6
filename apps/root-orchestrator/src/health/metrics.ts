import { instanceStatuses } from '@oak/contracts';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Root } from '../root.ts';

/** Counted when asked, so they cost nothing in between. */
export class Metrics {
  readonly #registry = new Registry();

  constructor(root: Root) {
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    new Gauge({
      name: 'oakestra_instances', help: 'Instances by status', labelNames: ['status'], registers,
      async collect() { for (const status of instanceStatuses) this.set({ status }, await root.instances.count(status)); },
    });
    new Gauge({
      name: 'oakestra_clusters', help: 'Clusters by activity', labelNames: ['active'], registers,
      collect() { for (const active of [true, false]) this.set({ active: String(active) }, root.clusters.all().filter((one) => one.active === active).length); },
    });
    new Gauge({ name: 'oakestra_event_watchers', help: 'Open streams of /api/events', registers, collect() { this.set(root.events.watchers); } });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
