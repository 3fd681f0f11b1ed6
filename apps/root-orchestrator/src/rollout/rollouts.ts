import { isFinal } from '@oak/instance';
import type { Clock, Result } from '@oak/reconcile';
import type { Microservice } from '@oak/sla';
import type { Collection, Document } from '@oak/store';
import { Problem } from '../http/problem.ts';
import { isReady, type InstanceRecord } from '../instances/instance-record.ts';
import type { Instances } from '../instances/instances.ts';
import type { Rollout, ServiceRecord } from '../services/service-record.ts';
import { describedAgain, describedNew, mostVersions, pruned } from './describe.ts';
import { Turns } from './turns.ts';
import { planRollout, type RolloutInstance, type RolloutPlan } from './plan-rollout.ts';

export interface RolloutsOptions {
  readonly services: Collection<ServiceRecord>;
  readonly instances: Instances;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}
export interface RolloutPolicy { readonly surge: number; readonly patienceMs: number; readonly order: Rollout['order']; readonly onFailure: Rollout['onFailure'] }
/** @throws Problem when the record is not the one that the caller means */
export type Check = (record: ServiceRecord) => void;

/** Updates, ways back and wished counts: the instances of a service follow what its record says. */
export class Rollouts {
  readonly #options: RolloutsOptions;
  /** Who counts and who makes would otherwise see each other half done. */
  readonly #turns = new Turns();
  /** Since when an instance is known not to answer, by the monotonic clock: a clock that is set fails no rollout. */
  readonly #waitingSince = new Map<string, number>();

  constructor(options: RolloutsOptions) {
    this.#options = options;
  }

  /** Whether what happens to its instances matters here. */
  static isConcerned({ wished, rollout }: ServiceRecord): boolean {
    return wished !== undefined || rollout?.status === 'going';
  }

  /** @throws Problem 404, 409; whatever `check` throws */
  async update(id: string, microservice: Microservice, submitted: Readonly<Record<string, unknown>>, policy: RolloutPolicy, check: Check): Promise<ServiceRecord> {
    const { clock } = this.#options;
    return this.#change(id, (record) => {
      check(record);
      if (record.past.length >= mostVersions) throw new Problem(409, 'Conflict', `${mostVersions} versions of this microservice are in use at once; wait until its rollout is done`);
      return begun(record, describedNew(record, { microservice, submitted: { ...submitted }, createdAtMs: clock.now() }), policy, clock.now());
    });
  }

  /** To the version before, or to one of those that are kept. @throws Problem 404, 409; whatever `check` throws */
  async goBack(id: string, version: number | undefined, policy: RolloutPolicy, check: Check): Promise<ServiceRecord> {
    const now = this.#options.clock.now();
    return this.#change(id, (record) => {
      check(record);
      const to = version ?? record.rollout?.from ?? Math.max(0, ...record.past.map((one) => one.version).filter((one) => one < record.version));
      if (to === record.version) throw new Problem(409, 'Conflict', `it is at version ${to} already`);
      const back = describedAgain(record, to);
      if (!back) throw new Problem(404, 'Not found', `version ${to} is not known; there are ${record.past.map((one) => one.version).join(', ') || 'no others'}`);
      return begun(record, back, policy, now);
    });
  }

  /** @throws Problem 404; whatever `check` throws */
  async scale(id: string, wished: number | undefined, check: Check): Promise<ServiceRecord> {
    return this.#change(id, (record) => {
      check(record);
      const { wished: _, ...rest } = record;
      return { ...rest, ...(wished !== undefined && { wished }) };
    });
  }

  /** So many more by hand; a wished count goes along. Undefined: there is no such service. */
  create(id: string, count: number): Promise<{ id: string; number: number }[] | undefined> {
    return this.#turns.take(id, async () => {
      await this.#count(id, count);
      return this.#options.instances.create(id, count);
    });
  }

  /** These go by hand; a wished count goes along, so that no others come for them. */
  remove(id: string, instances: readonly Document<InstanceRecord>[]): Promise<void> {
    return this.#turns.take(id, async () => {
      const wanted = new Set((await this.#options.instances.of(id)).filter(({ body }) => body.desired === 'run').map((one) => one.id));
      // Who is to take the place of another one has none of its own yet.
      const places = instances.filter((one) => wanted.has(one.id) && !wanted.has(one.body.replaces ?? ''));
      await this.#count(id, -places.length);
      await this.#options.instances.remove(instances.map((one) => one.id));
    });
  }

  reconcile(id: string): Promise<Result> {
    return this.#turns.take(id, () => this.#pass(id));
  }

  async #count(id: string, more: number): Promise<void> {
    await this.#options.services.update(id, (record) => (record.wished === undefined ? undefined : { ...record, wished: Math.max(0, record.wished + more) }));
  }

  async #pass(id: string): Promise<Result> {
    const { services, instances } = this.#options;
    const service = await services.get(id);
    if (!service || service.body.deleting || !Rollouts.isConcerned(service.body)) return { kind: 'done' };
    const seen = await this.#look(id);
    const { version, wished, rollout } = service.body;
    const going = rollout?.status === 'going' ? { surge: rollout.surge, patienceMs: rollout.patienceMs, order: rollout.order } : undefined;
    const plan = planRollout({ version, wished, going }, seen);
    // What comes is made before what goes is sent away: a crash in between is found by the next pass.
    if (plan.create > 0) await instances.create(id, plan.create);
    for (const replaced of plan.replace) await instances.create(id, 1, replaced);
    if (plan.remove.length > 0) await instances.remove(plan.remove);
    await this.#conclude(service, plan.outcome, new Set(seen.map((one) => one.version)));
    return plan.outcome.kind === 'going' && plan.outcome.lookAgainMs !== undefined ? { kind: 'again', afterMs: Math.max(1, plan.outcome.lookAgainMs) } : { kind: 'done' };
  }

  async #look(id: string): Promise<RolloutInstance[]> {
    const now = this.#options.clock.monotonic();
    return (await this.#options.instances.of(id)).map(({ id: instance, body }) => {
      const isSettled = isReady(body) || isFinal(body.status);
      if (isSettled || body.desired === 'gone') this.#waitingSince.delete(instance);
      else if (!this.#waitingSince.has(instance)) this.#waitingSince.set(instance, now);
      return {
        id: instance, number: body.number, version: body.version, isWanted: body.desired === 'run', isSettled, isFinal: isFinal(body.status), replaces: body.replaces,
        restarts: body.report?.restarts ?? 0, waitingMs: now - (this.#waitingSince.get(instance) ?? now), detail: `${body.status}: ${body.detail}`,
      };
    });
  }

  /** It is gone. */
  forget(instance: string): void {
    this.#waitingSince.delete(instance);
  }

  async #conclude({ id }: Document<ServiceRecord>, outcome: RolloutPlan['outcome'], inUse: ReadonlySet<number>): Promise<void> {
    const { services, clock, log } = this.#options;
    const changed = await services.update(id, (record) => {
      const next = concluded(record, outcome, clock.now());
      return pruned(next ?? record, inUse) ?? next;
    });
    if (outcome.kind === 'failed' && changed) log(`microservice ${changed.body.name}: ${outcome.detail}`);
  }

  async #change(id: string, change: (record: ServiceRecord) => ServiceRecord): Promise<ServiceRecord> {
    const changed = await this.#options.services.update(id, (record) => (record.deleting ? undefined : change(record)));
    if (!changed || changed.body.deleting) throw new Problem(404, 'Not found', `service ${id} does not exist`);
    return changed.body;
  }
}

function begun(before: ServiceRecord, after: ServiceRecord, policy: RolloutPolicy, now: number): ServiceRecord {
  return { ...after, rollout: { from: before.version, to: after.version, status: 'going', detail: 'begins', ...policy, startedAtMs: now } };
}

/** Undefined: as it was. */
function concluded(record: ServiceRecord, outcome: RolloutPlan['outcome'], now: number): ServiceRecord | undefined {
  const { rollout } = record;
  if (rollout?.status !== 'going' || outcome.kind === 'none') return undefined;
  if (outcome.kind === 'going') return rollout.detail === outcome.detail ? undefined : { ...record, rollout: { ...rollout, detail: outcome.detail } };
  if (outcome.kind === 'done') return { ...record, rollout: { ...rollout, status: 'done', detail: `all are of version ${rollout.to}` } };
  const back = rollout.onFailure === 'rollback' ? describedAgain(record, rollout.from) : undefined;
  if (!back) return { ...record, rollout: { ...rollout, status: 'failed', detail: outcome.detail } };
  return { ...back, rollout: { ...rollout, from: rollout.to, to: rollout.from, onFailure: 'stop', detail: 'goes back', reason: outcome.detail, startedAtMs: now } };
}
