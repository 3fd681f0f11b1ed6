import type { Collection, Document } from '@oak/store';
import type { AuditRecord } from './audit-record.ts';

const kept = 10_000;
const sweepEvery = 500;

export interface AuditOptions {
  readonly records: Collection<AuditRecord>;
  readonly newId: () => string;
  readonly log: (text: string) => void;
}
export interface AuditQuestion { readonly limit: number; readonly after?: string | undefined; readonly last?: number | undefined; readonly actor?: string | undefined; readonly organisation?: string | undefined }

/** Who changed what. The last ten thousand entries. */
export class Audit {
  readonly #options: AuditOptions;
  #written = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Written soon; `settled` waits for it. */
  add(record: AuditRecord): void {
    const id = this.#options.newId();
    this.#pending = this.#pending.then(() => this.#write(id, record)).catch((error: unknown) => { this.#options.log(`audit: ${record.actor ?? 'nobody'} ${record.method} ${record.path} (${record.status}) could not be written: ${String(error)}`); });
  }

  settled(): Promise<void> {
    return this.#pending;
  }

  /** In the order of time. `last`: only so many, the newest. */
  async page({ limit, after, last, actor, organisation }: AuditQuestion): Promise<Document<AuditRecord>[]> {
    await this.settled();
    const where = actor !== undefined ? { index: 'actor', equals: [actor] } : organisation !== undefined ? { index: 'organisation', equals: [organisation] } : undefined;
    const found = await this.#options.records.list({ ...(where && { where }), ...(after !== undefined && { after }) });
    const matching = organisation === undefined ? found : found.filter(({ body }) => body.organisation === organisation);
    return last === undefined ? matching.slice(0, limit) : matching.slice(-last);
  }

  async #write(id: string, record: AuditRecord): Promise<void> {
    await this.#options.records.insert(id, record);
    this.#written += 1;
    if (this.#written % sweepEvery === 1) await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const count = await this.#options.records.count();
    if (count <= kept) return;
    const oldest = await this.#options.records.list({ limit: count - kept });
    await this.#options.records.writeAll(oldest.map(({ id }) => ({ kind: 'remove', id })));
  }
}
