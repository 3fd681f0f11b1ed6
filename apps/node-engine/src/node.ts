import type { Fingerprint } from '@oak/contracts';
import type { Bus } from '@oak/messaging';
import type { NetClient } from '@oak/net-api';
import { ReconcileLoop, type Clock, type Random, type Result } from '@oak/reconcile';
import type { Runtime } from '@oak/runtime';
import type { Store } from '@oak/store';
import { InstanceReconciler } from './instances/instance-reconciler.ts';
import { instancesCollection } from './instances/instance-record.ts';
import { Instances } from './instances/instances.ts';
import { Observations } from './instances/observations.ts';
import { knock, Readiness, type Knock } from './instances/readiness.ts';
import { LogSessions } from './logs/log-sessions.ts';
import { Uplink, type UplinkOptions } from './uplink/uplink.ts';

export interface Runtimes {
  resolve(virtualization: string): Runtime | { readonly problem: string };
  /** Also those that are not healthy: what runs in them must be seen and can be stopped. */
  all(): readonly Runtime[];
}

export interface NodeOptions extends Pick<UplinkOptions, 'cluster' | 'node' | 'epoch' | 'position'> {
  readonly bus: Bus;
  readonly store: Store;
  readonly net: Pick<NetClient, 'attach' | 'detach' | 'list' | 'watch'>;
  readonly runtimes: Runtimes;
  readonly describe: () => Pick<Fingerprint, 'description' | 'runtimes'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly drainMs: number;
  readonly graceMs: number;
  /** How an instance is asked whether it answers. Default: by a connection from this machine. */
  readonly knock?: Knock | undefined;
  readonly log: (text: string) => void;
}

/** The rooms of a node and the loops between them. Knows no transport, no clock and no file of its own. */
export class Node {
  readonly instances: Instances;
  readonly uplink: Uplink;
  readonly logs: LogSessions;
  readonly #options: NodeOptions;
  readonly #observations: Observations;
  readonly #reconciler: InstanceReconciler;
  readonly #loop: ReconcileLoop<string>;
  readonly #readiness: ReconcileLoop<string>;
  readonly #periods: ReconcileLoop<'register' | 'heartbeat'>;
  readonly #watched = new Map<string, () => void>();
  #stopNetWatch = (): void => undefined;
  #heartbeatMs = 1_500;

  constructor(options: NodeOptions) {
    const { store, clock, random, log, runtimes } = options;
    this.#options = options;
    this.#observations = new Observations(() => runtimes.all());
    this.instances = new Instances({
      instances: store.collection(instancesCollection), log,
      tell: (report) => { this.uplink.outbox.changed(report); }, trigger: (id) => { this.#loop.trigger(id); }, cancel: (id) => { this.#reconciler.cancel(id); },
    });
    this.logs = new LogSessions({ ...options, open: async (id, how, signal) => (await this.#runtimeWith(id))?.logs(id, how, signal) });
    this.uplink = new Uplink({ ...options, instances: () => this.instances });
    this.#reconciler = new InstanceReconciler({ ...options, instances: this.instances, observations: this.#observations, runtimeFor: (name) => runtimes.resolve(name), onRunning: (id) => { this.#readiness.trigger(id); } });
    const readiness = new Readiness({ instances: this.instances, knock: options.knock ?? knock });
    this.#readiness = new ReconcileLoop<string>({
      name: 'readiness', clock, random, concurrency: 32, timeoutMs: 5_000, reconcile: (id, signal) => readiness.check(id, signal),
      onError: (id, error, attempt) => { if (attempt === 1) log(`whether instance ${id ?? ''} answers: ${String(error)}`); },
    });
    this.#loop = new ReconcileLoop<string>({
      name: 'instances', clock, random, concurrency: 16, timeoutMs: 900_000, resyncMs: 60_000,
      reconcile: (id, signal) => this.#reconciler.reconcile(id, signal), keys: () => this.#keys(),
      onError: (id, error) => { this.#observations.changed(); log(`instance ${id ?? 'list'}: ${String(error)}`); },
    });
    this.#periods = new ReconcileLoop({
      name: 'periods', clock, random, timeoutMs: 10_000,
      reconcile: (key) => this.#period(key), onError: (key, error, attempt) => { if (attempt === 1) log(`${key ?? ''}: ${String(error)}`); },
    });
  }

  async start(): Promise<void> {
    await this.uplink.restore();
    this.runtimesChanged();
    this.#loop.start();
    this.#readiness.start();
    for (const { spec: { id } } of await this.instances.all()) this.#readiness.trigger(id);
    this.#periods.start();
    this.#periods.trigger('register');
    this.#options.bus.onReconnect(() => { this.registerAgain('the bus was cut'); });
    // net-manager is back: its attachments may need us, and what waited for it can go on.
    this.#stopNetWatch = this.#options.net.watch(({ ready }) => { if (ready) { this.#reconciler.forgetDelays(); this.#loop.triggerAll(); } });
  }

  async stop(): Promise<void> {
    this.#stopNetWatch();
    this.logs.stop();
    for (const unwatch of this.#watched.values()) unwatch();
    await Promise.all([this.#loop.stop(), this.#readiness.stop(), this.#periods.stop()]);
  }

  registerAgain(reason: string): void {
    this.#options.log(`registering: ${reason}`);
    this.#periods.trigger('register');
  }

  /** A runtime came, went or changed its health. */
  runtimesChanged(): void {
    for (const runtime of this.#options.runtimes.all()) {
      if (!this.#watched.has(runtime.virtualization)) this.#watched.set(runtime.virtualization, runtime.watch(({ id }) => { this.#changed(id); }));
    }
    this.#observations.changed();
    this.#reconciler.forgetDelays();
    this.#loop.triggerAll();
    this.uplink.fingerprintChanged();
  }

  /** Who runs it, or ran it last. */
  async #runtimeWith(id: string): Promise<Runtime | undefined> {
    const record = await this.instances.get(id);
    return this.#observations.runtimeFor(id) ?? this.#options.runtimes.all().find(({ virtualization }) => virtualization === record?.report.virtualization);
  }

  #changed(id: string | undefined): void {
    this.#observations.changed();
    if (id === undefined) this.#loop.triggerAll();
    else this.#loop.trigger(id);
  }

  /** What shall run, what runs, and what only the network still knows. */
  async #keys(): Promise<string[]> {
    this.#observations.changed();
    const recorded = (await this.instances.all()).map(({ spec }) => spec.id);
    const seen = await this.#observations.ids(AbortSignal.timeout(30_000));
    const attached = await this.#options.net.list().catch((error: unknown) => { this.#options.log(`net-manager: ${String(error)}`); return []; });
    const orphans = attached.map(({ instanceId }) => instanceId).filter((id) => !recorded.includes(id) && !seen.includes(id));
    for (const id of orphans) await this.#options.net.detach(id);
    return [...new Set([...recorded, ...seen])];
  }

  async #period(key: 'register' | 'heartbeat'): Promise<Result> {
    switch (key) {
      case 'register':
        this.#heartbeatMs = await this.uplink.register();
        this.#periods.trigger('heartbeat');
        return { kind: 'done' };
      case 'heartbeat': this.uplink.heartbeat(); return { kind: 'again', afterMs: this.#heartbeatMs };
    }
  }
}
