import type { InstanceSpec, PlacedReport } from '@oak/contracts';
import { move } from '@oak/instance';
import type { Clock } from '@oak/reconcile';
import type { Collection, Document } from '@oak/store';
import type { Addresses } from '../network/addresses.ts';
import { instancePins } from '../network/instance-pins.ts';
import { describedAs } from '../rollout/describe.ts';
import { sharedWith } from '../organisations/shared-with.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import type { InstanceRecord, Refusal } from './instance-record.ts';

export interface InstancesOptions {
  readonly instances: Collection<InstanceRecord>;
  readonly services: Collection<ServiceRecord>;
  readonly addresses: Addresses;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly trigger: (id: string) => void;
  /** Nobody has it any more, and its record is gone. */
  readonly removed: (id: string, record: InstanceRecord) => void;
  readonly log: (text: string) => void;
}

/** Its node may begin new attempts before it hears: the next one of root is beyond those. */
const underWay = 16;

/** What happens to the records: users' wishes, clusters' reports, and root's own decisions. */
export class Instances {
  readonly #options: InstancesOptions;

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  get(id: string): Promise<Document<InstanceRecord> | undefined> {
    return this.#options.instances.get(id);
  }

  of(serviceId: string): Promise<Document<InstanceRecord>[]> {
    return this.#options.instances.list({ where: { index: 'number', equals: [serviceId] } });
  }

  at(cluster: string): Promise<Document<InstanceRecord>[]> {
    return this.#options.instances.list({ where: { index: 'cluster', equals: [cluster] } });
  }

  with(status: InstanceRecord['status']): Promise<Document<InstanceRecord>[]> {
    return this.#options.instances.list({ where: { index: 'status', equals: [status] } });
  }

  count(status: InstanceRecord['status']): Promise<number> {
    return this.#options.instances.count({ index: 'status', equals: [status] });
  }

  async find(serviceId: string, number: number): Promise<Document<InstanceRecord> | undefined> {
    return (await this.#options.instances.list({ where: { index: 'number', equals: [serviceId, number] }, limit: 1 }))[0];
  }

  page(options: { after?: string; limit: number; serviceId?: string; status?: InstanceRecord['status']; cluster?: string }): Promise<Document<InstanceRecord>[]> {
    const { after, limit, serviceId, status, cluster } = options;
    const where = serviceId !== undefined ? { index: 'number', equals: [serviceId] }
      : status !== undefined ? { index: 'status', equals: [status] }
        : cluster !== undefined ? { index: 'cluster', equals: [cluster] } : undefined;
    return this.#options.instances.list({ limit, ...(after !== undefined && { after }), ...(where && { where }) });
  }

  /** `count` more of a service, of its version by now. Numbers are taken by compare-and-set, so parallel calls never share one. `replaces`: whose place it takes. */
  async create(serviceId: string, count: number, replaces?: string): Promise<{ id: string; number: number }[] | undefined> {
    let first = 0;
    const service = await this.#options.services.update(serviceId, (record) => {
      if (record.deleting) return undefined;
      first = record.nextInstanceNumber;
      return { ...record, nextInstanceNumber: first + count };
    });
    if (!service || service.body.deleting) return undefined;
    const now = this.#options.clock.now();
    const made = Array.from({ length: count }, (_, at) => ({ id: this.#options.newId(), number: first + at }));
    const entries: { id: string; body: InstanceRecord }[] = [];
    for (const { id, number } of made) entries.push({ id, body: { ...requested(service, number, now), ...(replaces !== undefined && { replaces }), ...await this.#lease(id, service.body, number) } });
    const results = await this.#options.instances.insertMany(entries);
    for (const result of results) if (!result.ok) throw result.error;
    for (const { id } of made) this.#options.trigger(id);
    return made;
  }

  /** An instance without addresses gets them now. Text: why it can not have them. */
  async address({ id, body }: Document<InstanceRecord>, service: ServiceRecord): Promise<InstanceRecord | string> {
    const leased = await this.#options.addresses.lease('instance', { id, name: `${service.name}.instance.${body.number}` }, instancePins(describedAs(service, body.version), body.number));
    if (!leased.ok) return leased.text;
    const { ipv4, ipv6 } = leased;
    return await this.change(id, (record) => ({ ...record, addresses: { ipv4, ipv6 } })) ?? { ...body, addresses: { ipv4, ipv6 } };
  }

  /** They shall be gone. Who has them is told; the record stays until nobody has it any more. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await this.change(id, (record) => (record.desired === 'gone' ? undefined : { ...record, desired: 'gone', detail: record.cluster ? 'stopping' : record.detail }));
      this.#options.trigger(id);
    }
  }

  /** `departures`: how many have left that cluster by now. */
  async placed(id: string, cluster: string, departures: number, explanation: NonNullable<InstanceRecord['explanation']>): Promise<InstanceRecord | undefined> {
    return this.change(id, (record) => {
      if (record.desired !== 'run' || record.cluster !== undefined) return undefined;
      const { report: _report, ...rest } = record;
      return { ...rest, cluster, departures, explanation, status: 'CLUSTER_SCHEDULED', detail: `given to cluster ${cluster}` };
    });
  }

  /** Its cluster is lost, and another one gets it. What the lost one still says of it is dropped from now on. */
  async moved(id: string, from: string, to: string, departures: number, explanation: NonNullable<InstanceRecord['explanation']>): Promise<InstanceRecord | undefined> {
    return this.change(id, (record) => {
      const next = { status: 'CLUSTER_SCHEDULED' as const, attempt: record.attempt + 1 };
      if (record.desired !== 'run' || record.cluster !== from || !move(record, next).ok) return undefined;
      const { report: _report, ...rest } = record;
      return { ...rest, ...next, cluster: to, departures, explanation, detail: `cluster ${from} is lost, given to cluster ${to}` };
    });
  }

  /** Its cluster is lost, and nobody else can take it: it stays, as it was when it was last heard of. */
  async stranded(id: string, cluster: string, detail: string, explanation: NonNullable<InstanceRecord['explanation']>): Promise<void> {
    await this.change(id, (record) => (record.cluster !== cluster || record.detail === detail ? undefined : { ...record, detail, explanation }));
  }

  async waits(id: string, status: InstanceRecord['status'], detail: string, explanation: NonNullable<InstanceRecord['explanation']>): Promise<void> {
    await this.change(id, (record) => {
      if (record.cluster !== undefined || (record.status === status && record.detail === detail)) return undefined;
      return { ...record, status, detail, explanation };
    });
  }

  /** The cluster could not place it. */
  async handedBack(cluster: string, id: string, attempt: number, refusal: Refusal, explanation: NonNullable<InstanceRecord['explanation']>): Promise<boolean> {
    const record = (await this.get(id))?.body;
    if (record?.cluster !== cluster) return true;
    await this.change(id, (now) => {
      if (now.cluster !== cluster) return undefined;
      const { cluster: _cluster, report: _report, ...rest } = now;
      const refusals = [...now.refusals.filter((one) => one.cluster !== cluster), refusal];
      return { ...rest, refusals, explanation, attempt: Math.max(now.attempt, attempt) + 1, status: 'REQUESTED', detail: `cluster ${cluster} gave it back: ${refusal.text}`.slice(0, 4_000) };
    });
    this.#options.trigger(id);
    return true;
  }

  /** A cluster says how an instance is. Only its own cluster counts, and only moves that the table knows. */
  async heard(cluster: string, report: PlacedReport): Promise<void> {
    const document = await this.get(report.id);
    if (document?.body.cluster !== cluster) return;
    if (document.body.desired === 'gone' && report.status === 'UNDEPLOYED') { await this.forget(report.id); return; }
    const moved = move(document.body, report);
    if (!moved.ok) { this.#options.log(`instance ${report.id} at cluster ${cluster}: ${moved.reason}; dropped`); return; }
    await this.change(report.id, (record) => {
      if (record.cluster !== cluster || !move(record, report).ok) return undefined;
      return { ...record, status: report.status, detail: report.detail, attempt: report.attempt, report, refusals: [] };
    });
  }

  /** A cluster listed all it has: what shall go and is not listed is gone. */
  async absent(cluster: string, listed: ReadonlySet<string>): Promise<void> {
    for (const { id, body } of await this.at(cluster)) {
      if (body.desired === 'gone' && !listed.has(id)) await this.forget(id);
    }
  }

  async forget(id: string): Promise<void> {
    const document = await this.get(id);
    if (!document || !await this.#options.instances.remove(id)) return;
    this.#options.removed(id, document.body);
    await this.#sweepService(document.body.serviceId);
  }

  /** Without one that can be had it waits, and says why. */
  async #lease(id: string, { name, microservice }: ServiceRecord, number: number): Promise<Pick<InstanceRecord, 'addresses'>> {
    const leased = await this.#options.addresses.lease('instance', { id, name: `${name}.instance.${number}` }, instancePins(microservice, number));
    return leased.ok ? { addresses: { ipv4: leased.ipv4, ipv6: leased.ipv6 } } : {};
  }

  /** What its cluster was told is not true any more, and it is told anew; what runs goes on, under a new attempt. Undefined: nobody has it. */
  async retold(id: string): Promise<InstanceRecord | undefined> {
    return this.change(id, (record) => (record.cluster === undefined || record.desired !== 'run' ? undefined : { ...record, attempt: record.attempt + underWay }));
  }

  async change(id: string, change: (record: InstanceRecord) => InstanceRecord | undefined): Promise<InstanceRecord | undefined> {
    let changed: InstanceRecord | undefined;
    await this.#options.instances.update(id, (record) => {
      const next = change(record);
      return (changed = next && { ...next, changedAtMs: this.#options.clock.now() });
    });
    return changed;
  }

  /** A service that is being removed goes with its last instance. */
  async #sweepService(serviceId: string): Promise<void> {
    const service = await this.#options.services.get(serviceId);
    if (service?.body.deleting && (await this.#options.instances.count({ index: 'number', equals: [serviceId] })) === 0) await this.#options.services.remove(serviceId);
  }
}

function requested({ id, body }: Document<ServiceRecord>, number: number, now: number): InstanceRecord {
  return {
    serviceId: id, applicationId: body.applicationId, number, version: body.version, desired: 'run', status: 'REQUESTED', detail: 'waiting for a decision',
    attempt: 0, refusals: [], createdAtMs: now, changedAtMs: now,
  };
}

export function specOf({ id, body }: Document<InstanceRecord>, service: ServiceRecord): InstanceSpec {
  const { addresses, attempt, serviceId, applicationId, number: instanceNumber } = body;
  const { network, networkPolicy: policy, name } = service;
  const microservice = describedAs(service, body.version);
  return {
    id, serviceId, applicationId, instanceNumber, name, attempt, microservice,
    ...(addresses && network && { network: { ...addresses, organisation: sharedWith(service), policy, service: network.addresses, affinity: network.affinity } }),
  };
}
