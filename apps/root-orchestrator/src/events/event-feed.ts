import type { NodeView } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import type { KnownCluster } from '../clusters/cluster-registry.ts';
import { isReady, type InstanceRecord } from '../instances/instance-record.ts';

export interface FeedEvent {
  /** Counts up; resume after it. Restarts of root begin a new count with a new `epoch`. */
  readonly id: string;
  readonly type: 'instance' | 'cluster' | 'node';
  readonly serviceId?: string;
  readonly applicationId?: string;
  /** The event as a server-sent event, made once for all watchers. */
  readonly frame: string;
}

export interface Watcher {
  readonly serviceId?: string;
  readonly applicationId?: string;
  readonly type?: string;
  readonly send: (frame: string) => void;
}

const kept = 4_096;

/** What changed, as it changes, to everyone who watches. Bounded: who was away for too long is told to list again. */
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

  instanceChanged(id: string, record: InstanceRecord): void {
    this.#emit('instance', { id, ...eventBody(record) }, record);
  }

  /** `record`: what it was last. Who watches its service must hear that it is gone. */
  instanceRemoved(id: string, record: InstanceRecord): void {
    this.#emit('instance', { id, ...eventBody(record), status: 'UNDEPLOYED', status_detail: 'removed', removed: true }, record);
  }

  clusterChanged({ id, record, active, lost }: KnownCluster): void {
    this.#emit('cluster', { id, cluster_name: record.name, active, lost, active_nodes: record.summary.nodes.active });
  }

  /** An operator closed or opened it; what else happens to nodes is their cluster's. */
  nodeCordoned(cluster: string, { name, state, cordoned }: NodeView): void {
    this.#emit('node', { cluster, name, state, cordoned });
  }

  /** Events after `lastId` first, if they are still known. Returns the undo. */
  watch(watcher: Watcher, lastId?: string): () => void {
    if (lastId !== undefined) this.#resume(watcher, lastId);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #resume(watcher: Watcher, lastId: string): void {
    const at = this.#recent.findIndex((event) => event.id === lastId);
    if (at < 0) watcher.send('event: resync\ndata: {"detail":"events were missed, list again"}\n\n');
    else for (const event of this.#recent.slice(at + 1)) if (wants(watcher, event)) watcher.send(event.frame);
  }

  #emit(type: FeedEvent['type'], data: object, about?: Pick<InstanceRecord, 'serviceId' | 'applicationId'>): void {
    const id = `${this.#options.epoch}-${++this.#count}`;
    const frame = `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ ...data, at: this.#options.clock.now() })}\n\n`;
    const event: FeedEvent = { id, type, frame, ...(about && { serviceId: about.serviceId, applicationId: about.applicationId }) };
    this.#recent.push(event);
    if (this.#recent.length > kept) this.#recent.shift();
    for (const watcher of this.#watchers) if (wants(watcher, event)) watcher.send(frame);
  }
}

function eventBody(record: InstanceRecord): object {
  const { serviceId, applicationId, number, status, detail, attempt, cluster, report } = record;
  return { serviceId, applicationId, instance_number: number, status, status_detail: detail, ready: isReady(record), attempt, ...(cluster && { cluster }), ...(report?.node && { node: report.node }) };
}

function wants({ type, serviceId, applicationId }: Watcher, event: FeedEvent): boolean {
  return (type === undefined || type === event.type)
    && (serviceId === undefined || serviceId === event.serviceId)
    && (applicationId === undefined || applicationId === event.applicationId);
}
