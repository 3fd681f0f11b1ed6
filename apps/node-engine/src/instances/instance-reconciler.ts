import type { InstanceReport } from '@oak/contracts';
import { nextFailures, restartDelayMs } from '@oak/instance';
import { NetError, type NetClient } from '@oak/net-api';
import type { Clock, Random, Result } from '@oak/reconcile';
import { RuntimeError, type Attachment, type Exit, type Observed, type Runtime } from '@oak/runtime';
import type { InstanceRecord } from './instance-record.ts';
import type { Instances } from './instances.ts';
import type { Observations } from './observations.ts';
import { planInstance } from './plan-instance.ts';
import { probeOf } from './readiness.ts';
import { portsOf, workloadOf } from './workload-of.ts';

export interface InstanceReconcilerOptions {
  readonly instances: Instances;
  readonly observations: Observations;
  /** The healthy runtime for a name that a descriptor asks for, or why there is none. */
  readonly runtimeFor: (virtualization: string) => Runtime | { readonly problem: string };
  readonly net: Pick<NetClient, 'attach' | 'detach' | 'list'>;
  /** It runs; whether it answers is to be found out. */
  readonly onRunning: (id: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** From withdrawal to the stop signal, for instances that others may be calling. */
  readonly drainMs: number;
  readonly graceMs: number;
  readonly log: (text: string) => void;
}

const done: Result = { kind: 'done' };
const again: Result = { kind: 'again', afterMs: 0 };

/** One pass does one step and says when to look again. What a step left behind when it was cut off, the next pass sees and clears. */
export class InstanceReconciler {
  readonly #options: InstanceReconcilerOptions;
  /** By instance, in monotonic milliseconds, as the next two. */
  readonly #notBefore = new Map<string, number>();
  /** Those whose start this process saw. */
  readonly #runsSince = new Map<string, number>();
  readonly #launching = new Map<string, AbortController>();
  /** By withdrawn instance: when its last calls shall have ended. */
  readonly #drained = new Map<string, number>();

  constructor(options: InstanceReconcilerOptions) {
    this.#options = options;
  }

  /** It shall not run after all: a pull that may take minutes ends now, and the pass that follows removes what is there. */
  cancel(id: string): void {
    this.#launching.get(id)?.abort(new Error('withdrawn'));
  }

  /** Something that starts may have waited for is there now. */
  forgetDelays(): void {
    this.#notBefore.clear();
  }

  async reconcile(id: string, signal: AbortSignal): Promise<Result> {
    const { instances, observations, clock, graceMs } = this.#options;
    const record = await instances.get(id);
    const observed = await observations.of(id, signal);
    if (!record) return observed ? this.#reap(observed, signal) : done;
    // Given again while its calls were ending: it takes new ones, and its next withdrawal has its own time.
    if (record.desired === 'run' && this.#drained.delete(id)) this.#options.onRunning(id);
    const action = planInstance(record, observed, this.#notBefore.get(id) ?? 0, clock.monotonic());
    switch (action.kind) {
      case 'rest': return done;
      case 'wait': return { kind: 'again', afterMs: action.ms };
      case 'launch': return this.#launch(record, signal);
      case 'adopt': await this.#adopt(record, action.observed, signal); return done;
      case 'conclude': await this.#conclude(record, action.observed, signal); return again;
      case 'clear': await this.#clear(record, signal); return again;
      case 'stop': {
        const restMs = this.#drain(record);
        if (restMs > 0) return { kind: 'again', afterMs: restMs };
        await observations.stop(id, graceMs, signal);
        return again;
      }
      case 'remove': this.#drained.delete(id); await this.#remove(record, signal); return done;
    }
  }

  /** How long it still takes the calls that are under way: nobody starts new ones, as its service has left it out since it was withdrawn. */
  #drain({ spec: { id, network } }: InstanceRecord): number {
    const { clock, drainMs } = this.#options;
    if (!network) return 0;
    const now = clock.monotonic();
    const until = this.#drained.get(id) ?? now + drainMs;
    this.#drained.set(id, until);
    return until - now;
  }

  async #launch(record: InstanceRecord, pass: AbortSignal): Promise<Result> {
    const { id } = record.spec;
    const withdrawn = new AbortController();
    this.#launching.set(id, withdrawn);
    try {
      return await this.#launchUnless(record, AbortSignal.any([pass, withdrawn.signal]));
    } catch (error) {
      if (withdrawn.signal.aborted && !pass.aborted) return again;
      throw error;
    } finally {
      this.#launching.delete(id);
    }
  }

  async #launchUnless(record: InstanceRecord, signal: AbortSignal): Promise<Result> {
    const { instances, observations, runtimeFor, clock } = this.#options;
    const { id, microservice } = record.spec;
    const runtime = runtimeFor(microservice.virtualization);
    if ('problem' in runtime) return this.#failed(record, new RuntimeError('temporary', runtime.problem));
    const launching = record.report.status === 'NODE_SCHEDULED' ? record : await instances.nextAttempt(id);
    if (!launching) return done;
    const began = clock.monotonic();
    await instances.say(id, { ...bare(launching.report), status: 'CREATING', detail: 'preparing image and network', virtualization: runtime.virtualization, route: runtime.describe().route });
    try {
      const { attachment, ipv4, ipv6, phasesMs } = await this.#prepare(launching, runtime, signal);
      const started = clock.monotonic();
      const observed = await runtime.start(workloadOf(launching.spec), attachment, signal);
      observations.saw(observed);
      this.#runsSince.set(id, clock.monotonic());
      await instances.say(id, running({ ...launching, report: { ...launching.report, virtualization: runtime.virtualization, route: runtime.describe().route } }, observed, {
        ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }), phasesMs: { ...phasesMs, start: passedMs(clock, started), total: passedMs(clock, began) },
      }));
      this.#options.onRunning(id);
      return done;
    } catch (error) {
      // A start that failed half way: what was seen before does not count.
      observations.changed();
      if (signal.aborted) throw error;
      return this.#failed(launching, error);
    }
  }

  /** Image and network do not need each other. */
  async #prepare(record: InstanceRecord, runtime: Runtime, signal: AbortSignal): Promise<{ attachment: Attachment; ipv4: string; ipv6: string; phasesMs: Record<string, number> }> {
    const { net, clock } = this.#options;
    const { spec } = record;
    const began = clock.monotonic();
    const phasesMs: Record<string, number> = {};
    const timed = async <T>(name: string, work: Promise<T>): Promise<T> => { const result = await work; phasesMs[name] = passedMs(clock, began); return result; };
    const ports = portsOf(spec);
    const workload = workloadOf(spec);
    const [prepared, attached] = await Promise.allSettled([
      timed('prepare', runtime.prepare(workload, signal)),
      timed('attach', net.attach({ instanceId: spec.id, name: workload.name, ports, ...overlayOf(spec) }, signal)),
    ]);
    if (prepared.status === 'rejected') throw prepared.reason;
    if (attached.status === 'rejected') throw attached.reason;
    const { netnsPath, ipv4, ipv6, nameservers, searchDomains } = attached.value;
    const hosts = [ipv4, ipv6].filter((address) => address !== '').map((address) => ({ address, names: [workload.hostname] }));
    return { attachment: { netnsPath, hosts, nameservers, searchDomains }, ipv4, ipv6, phasesMs };
  }

  async #failed(record: InstanceRecord, error: unknown): Promise<Result> {
    const { id } = record.spec;
    const { instances, log } = this.#options;
    const delayMs = await this.#delay(id, 0);
    const text = error instanceof RuntimeError || error instanceof NetError ? error.message : `an error of ours: ${String(error)}`;
    if (!(error instanceof RuntimeError) && !(error instanceof NetError)) log(`instance ${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await instances.say(id, { ...bare(record.report), status: 'FAILED', detail: `${text}${nextTry(delayMs)}` });
    return { kind: 'again', afterMs: delayMs };
  }

  async #conclude(record: InstanceRecord, observed: Observed, signal: AbortSignal): Promise<void> {
    const { id, microservice } = record.spec;
    const exit = observed.exit ?? { code: undefined, oomKilled: false, atMs: this.#options.clock.now() };
    const completed = microservice.one_shot && exit.code === 0;
    const delayMs = completed ? 0 : await this.#delay(id, this.#ranMs(observed, exit));
    const report: InstanceReport = {
      ...bare(record.report), status: completed ? 'COMPLETED' : 'DEAD', detail: `${ending(exit)}${completed ? '' : nextTry(delayMs)}`,
      ...(exit.code !== undefined && { exitCode: exit.code }),
    };
    await this.#options.instances.say(id, report);
    await this.#clear({ ...record, report }, signal);
  }

  /** By the clock that only grows where that is possible: who sets the other one makes no run healthy and no healthy run short. */
  #ranMs({ id, startedAtMs }: Observed, { atMs }: Exit): number {
    const since = this.#runsSince.get(id);
    this.#runsSince.delete(id);
    return since === undefined ? Math.max(0, atMs - (startedAtMs ?? atMs)) : this.#options.clock.monotonic() - since;
  }

  /** What remains of a life. The network stays for the next one, if there will be one; it goes first, since the rest is what this is told by. */
  async #clear({ spec: { id }, report }: InstanceRecord, signal: AbortSignal): Promise<void> {
    if (report.status === 'COMPLETED') await this.#options.net.detach(id, signal);
    // Whoever asks why it ended wants to read what it said.
    await this.#options.observations.remove(id, report.virtualization, signal, { keepLogs: true });
  }

  /** Its addresses are known to the network alone: we ended between its start and our word. */
  async #adopt(record: InstanceRecord, observed: Observed, signal: AbortSignal): Promise<void> {
    const { instances, net } = this.#options;
    const { id } = record.spec;
    const attached = (await net.list(signal)).find(({ instanceId }) => instanceId === id);
    // An attempt that was given up can not come back; what runs is a later one.
    const current = record.report.status === 'FAILED' || record.report.status === 'DEAD' ? await instances.nextAttempt(id) : record;
    if (!current) return;
    await instances.say(id, running(current, observed, { ...(attached?.ipv4 && { ipv4: attached.ipv4 }), ...(attached?.ipv6 && { ipv6: attached.ipv6 }) }));
    this.#options.onRunning(id);
  }

  async #delay(id: string, ranMs: number): Promise<number> {
    const { instances, random, clock } = this.#options;
    const failures = nextFailures(await instances.failures(id), ranMs);
    await instances.setFailures(id, failures);
    const delayMs = restartDelayMs(failures, random.next());
    this.#notBefore.set(id, clock.monotonic() + delayMs);
    return delayMs;
  }

  async #remove({ spec: { id }, report }: InstanceRecord, signal: AbortSignal): Promise<void> {
    await this.#options.observations.remove(id, report.virtualization, signal);
    await this.#options.net.detach(id, signal);
    this.#notBefore.delete(id);
    this.#runsSince.delete(id);
    await this.#options.instances.forget(id);
  }

  /** Ours by its label, but no assignment knows it. */
  async #reap({ id, virtualization }: Observed, signal: AbortSignal): Promise<Result> {
    this.#options.log(`instance ${id} is assigned to nobody any more, so it is removed`);
    await this.#options.observations.stop(id, this.#options.graceMs, signal);
    await this.#options.observations.remove(id, virtualization, signal);
    await this.#options.net.detach(id, signal);
    return done;
  }
}

const passedMs = (clock: Clock, sinceMs: number): number => Math.round(clock.monotonic() - sinceMs);

/** What stays true of an instance between two starts. */
function bare({ id, attempt, status, detail, restarts, virtualization, route }: InstanceReport): InstanceReport {
  return { id, attempt, status, detail, restarts, ...(virtualization && { virtualization }), ...(route && { route }) };
}

/** Until it is known whether it answers, one that can be asked takes no calls. */
function running({ report, spec }: InstanceRecord, { virtualization, startedAtMs }: Observed, more: Partial<InstanceReport>): InstanceReport {
  const probe = probeOf(spec.microservice);
  return { ...report, status: 'RUNNING', detail: probe ? `running, not known yet to answer on port ${probe.port}` : 'running', ...(probe && { ready: false }), virtualization, ...(startedAtMs !== undefined && { startedAtMs }), ...more };
}

function ending({ code, oomKilled, detail }: Exit): string {
  if (detail !== undefined) return `${detail}${code === undefined ? '' : ` (code ${code})`}`;
  if (oomKilled) return 'killed: out of memory (the limit is the microservice\'s "memory", in MiB)';
  return code === undefined ? 'ended while nobody could see how' : `exited with code ${code}`;
}

function nextTry(delayMs: number): string {
  return delayMs === 0 ? '; started again at once' : `; next try in ${Math.ceil(delayMs / 1000)} s`;
}

/** What the overlay must know of it. */
function overlayOf({ network, applicationId }: InstanceRecord['spec']): { network?: { applicationId: string; organisation: string; ipv4: string; ipv6: string } } {
  return network ? { network: { applicationId, organisation: network.organisation, ipv4: network.ipv4, ipv6: network.ipv6 } } : {};
}
