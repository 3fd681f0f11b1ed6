import type { PlacementExplanation } from '@oak/contracts';
import type { AssignmentBook } from '@oak/instance';
import type { Result } from '@oak/reconcile';
import { demandOf, place, type Decision, type Demand } from '@oak/scheduling';
import type { Collection, Document } from '@oak/store';
import type { ClusterRegistry } from '../clusters/cluster-registry.ts';
import { describedAs } from '../rollout/describe.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import type { InstanceRecord } from './instance-record.ts';
import { specOf, type Instances } from './instances.ts';
import { planInstance, strandedDetail, waitingDetail, waitingStatus } from './plan-instance.ts';

export interface InstanceReconcilerOptions {
  readonly instances: Instances;
  readonly services: Collection<ServiceRecord>;
  readonly clusters: ClusterRegistry;
  readonly book: AssignmentBook;
}

const done: Result = { kind: 'done' };

/** Thin: reads, asks the plan, does the one thing. */
export class InstanceReconciler {
  readonly #options: InstanceReconcilerOptions;

  constructor(options: InstanceReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(id: string): Promise<Result> {
    const { instances, services, book } = this.#options;
    const document = await instances.get(id);
    if (!document) return done;
    const action = planInstance(document.body, this.#isLost(document.body.cluster));
    switch (action.kind) {
      case 'rest': return done;
      case 'forget':
        if (action.lost !== undefined) book.withdraw(action.lost, id);
        await instances.forget(id);
        return done;
      case 'withdraw': book.revoke(action.cluster, id); return done;
      case 'assign': case 'place': case 'move': {
        const service = await services.get(document.body.serviceId);
        if (!service) { await instances.remove([id]); return done; }
        if (action.kind === 'place') await this.#place(document, service.body);
        else if (action.kind === 'move') await this.#move(document, service.body, action.from);
        else if (!book.has(action.cluster, id)) book.assign(action.cluster, specOf(document, service.body));
        return done;
      }
    }
  }

  async #place(found: Document<InstanceRecord>, service: ServiceRecord): Promise<void> {
    const { instances, clusters, book } = this.#options;
    const body = found.body.addresses ? found.body : await instances.address(found, service);
    if (typeof body === 'string') return instances.waits(found.id, 'NoActiveClusterWithCapacity', body, withoutAddress(body));
    const document = { ...found, body };
    const { decision, demand, refusals } = this.#decide(document, service);
    if (decision.chosen === undefined) {
      const status = waitingStatus(decision, demand.pins, (name) => clusters.get(name));
      await instances.waits(document.id, status, waitingDetail(decision.explanation, refusals), decision.explanation);
      return;
    }
    const placed = await instances.placed(document.id, decision.chosen, clusters.departures(decision.chosen), decision.explanation);
    if (placed) book.assign(decision.chosen, specOf({ ...document, body: placed }, service));
  }

  /** Who is back meanwhile keeps it: looked at once more in the turn that writes. */
  async #move(document: Document<InstanceRecord>, service: ServiceRecord, from: string): Promise<void> {
    const { instances, book } = this.#options;
    const { decision: { chosen, explanation }, refusals } = this.#decide(document, service);
    if (!this.#isLost(from)) return;
    if (chosen === undefined) return instances.stranded(document.id, from, strandedDetail(from, explanation, refusals), explanation);
    const moved = await instances.moved(document.id, from, chosen, this.#options.clusters.departures(chosen), explanation);
    if (!moved) return;
    book.withdraw(from, document.id);
    book.assign(chosen, specOf({ ...document, body: moved }, service));
  }

  #decide(document: Document<InstanceRecord>, service: ServiceRecord): { decision: Decision; demand: Demand; refusals: InstanceRecord['refusals'] } {
    const { clusters } = this.#options;
    const demand = demandOf(describedAs(service, document.body.version), 'cluster', document.body.serviceId);
    const refusals = document.body.refusals.filter(({ cluster, offer }) => clusters.offer(cluster) === offer);
    return { demand, refusals, decision: place(demand, clusters.candidates(), { alreadyRefused: new Map(refusals.map(({ cluster, text }) => [cluster, text])) }) };
  }

  #isLost(cluster: string | undefined): boolean {
    return cluster !== undefined && this.#options.clusters.get(cluster)?.lost === true;
  }
}

/** The reason for the person who asks why it waits. */
function withoutAddress(text: string): PlacementExplanation {
  return { evaluated: 0, filtered: [{ reason: 'no-address', count: 1, text, examples: [] }], exhausted: [], top: [], complete: true, summary: text };
}
