import type { NodeView } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import type { KnownCluster } from '../clusters/cluster-registry.ts';
import { isReady, type InstanceRecord } from '../instances/instance-record.ts';
import type { Owned } from '../organisations/shared-with.ts';

export interface FeedEvent {
  /** Counts up; resume after it. Restarts of root begin a new count with a new `epoch`. */
  readonly id: string;
  readonly type: 'instance' | 'cluster' | 'node';
  readonly serviceId?: string;
  readonly applicationId?: string;
  /** Whose it is; absent: it is about the infrastructure, or about a service that nobody has any more. */
  readonly owned?: Owned | undefined;
  /** The event as a server-sent event, made once for all watchers. */
  readonly frame: string;
}

export interface Watcher {
  readonly serviceId?: string;
  readonly applicationId?: string;
  readonly type?: string;
  /** Whether he may hear it. */
  readonly mayHear: (event: Pick<FeedEvent, 'type' | 'owned'>) => boolean;
  readonly send: (frame: string) => void;
}

/** Where a watcher begins. `after`: an event that he had; `last`: so many of those that are known, the newest. Neither: with the next one. */
export interface From { readonly after?: string | undefined; readonly last?: number | undefined }

const kept = 4_096;

/** What changed, as it changes, to everyone who watches and may hear it. Bounded: who was away for too long is told to list again. */
export class EventFeed {
  readonly #options: { readonly clock: Clock; readonly epoch: number };
  readonly #watchers = new Set<Watcher>();
  readonly #recent: FeedEvent[] = [];
  #count = 0;

  constructor(options: { readonly clock: Clock; readonly epoch: number }) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  instanceChanged(id: string, record: InstanceRecord, owned: Owned | undefined): void {
    this.#emit('instance', { id, ...eventBody(record) }, { ...record, owned });
  }

  /** `record`: what it was last. Who watches its service must hear that it is gone. */
  instanceRemoved(id: string, record: InstanceRecord, owned: Owned | undefined): void {
    this.#emit('instance', { id, ...eventBody(record), status: 'UNDEPLOYED', status_detail: 'removed', removed: true }, { ...record, owned });
  }

  clusterChanged({ id, record, active, lost }: KnownCluster): void {
    this.#emit('cluster', { id, cluster_name: record.name, active, lost, active_nodes: record.summary.nodes.active });
  }

  /** An operator closed or opened it; what else happens to nodes is their cluster's. */
  nodeCordoned(cluster: string, { name, state, cordoned }: NodeView): void {
    this.#emit('node', { cluster, name, state, cordoned });
  }

  /** Past events first, if they are still known. Returns the undo. */
  watch(watcher: Watcher, from: From = {}): () => void {
    if (from.after !== undefined) this.#resume(watcher, from.after);
    else if (from.last !== undefined && from.last > 0) for (const { frame } of this.#recent.filter((event) => wants(watcher, event)).slice(-from.last)) watcher.send(frame);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #resume(watcher: Watcher, lastId: string): void {
    const at = this.#recent.findIndex((event) => event.id === lastId);
    if (at < 0) watcher.send('event: resync\ndata: {"detail":"events were missed, list again"}\n\n');
    else for (const event of this.#recent.slice(at + 1)) if (wants(watcher, event)) watcher.send(event.frame);
  }

  #emit(type: FeedEvent['type'], data: object, about?: Pick<FeedEvent, 'owned'> & Pick<InstanceRecord, 'serviceId' | 'applicationId'>): void {
    const id = `${this.#options.epoch}-${++this.#count}`;
    const frame = `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ ...data, at: this.#options.clock.now() })}\n\n`;
    const event: FeedEvent = { id, type, frame, ...(about && { serviceId: about.serviceId, applicationId: about.applicationId, owned: about.owned }) };
    this.#recent.push(event);
    if (this.#recent.length > kept) this.#recent.shift();
    for (const watcher of this.#watchers) if (wants(watcher, event)) watcher.send(frame);
  }
}

function eventBody(record: InstanceRecord): object {
  const { serviceId, applicationId, number, status, detail, attempt, cluster, report } = record;
  return { serviceId, applicationId, instance_number: number, status, status_detail: detail, ready: isReady(record), attempt, ...(cluster && { cluster }), ...(report?.node && { node: report.node }) };
}

function wants({ type, serviceId, applicationId, mayHear }: Watcher, event: FeedEvent): boolean {
  return (type === undefined || type === event.type)
    && (serviceId === undefined || serviceId === event.serviceId)
    && (applicationId === undefined || applicationId === event.applicationId)
    && mayHear(event);
}
