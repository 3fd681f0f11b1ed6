import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@oak/reconcile';
import type { Collection, Document } from '@oak/store';
import { Problem } from '../http/problem.ts';
import type { ApiTokenRecord } from './api-token-record.ts';

const mostOfOneUser = 100;
const form = /^oak_([0-9a-f]{24})_([A-Za-z0-9_-]{32})$/;

export interface ApiTokensOptions {
  readonly apiTokens: Collection<ApiTokenRecord>;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Tokens for machines: with an end, and with less power than their owner if he wants. */
export class ApiTokens {
  readonly #options: ApiTokensOptions;

  constructor(options: ApiTokensOptions) {
    this.#options = options;
  }

  static looksLike(token: string): boolean {
    return token.startsWith('oak_');
  }

  of(userId: string): Promise<Document<ApiTokenRecord>[]> {
    return this.#options.apiTokens.list({ where: { index: 'user', equals: [userId] } });
  }

  /** `token` is told this once. @throws Problem 409 when the user has too many */
  async create({ lifetimeMs, ...record }: Omit<ApiTokenRecord, 'hash' | 'createdAtMs' | 'expiresAtMs'> & { readonly lifetimeMs: number }): Promise<{ document: Document<ApiTokenRecord>; token: string }> {
    const { apiTokens, clock, newId } = this.#options;
    if ((await this.of(record.userId)).length >= mostOfOneUser) throw new Problem(409, 'Conflict', `there are ${mostOfOneUser} tokens already; delete one first`);
    const secret = randomBytes(24).toString('base64url');
    const now = clock.now();
    const document = await apiTokens.insert(newId(), { ...record, hash: digest(secret), createdAtMs: now, expiresAtMs: now + lifetimeMs });
    return { document, token: `oak_${document.id}_${secret}` };
  }

  /** Undefined: not ours, taken back, or over. */
  async check(token: string): Promise<Document<ApiTokenRecord> | undefined> {
    const [, id, secret] = form.exec(token) ?? [];
    const found = id === undefined ? undefined : await this.#options.apiTokens.get(id);
    if (!found || secret === undefined || !timingSafeEqual(Buffer.from(digest(secret)), Buffer.from(found.body.hash))) return undefined;
    return found.body.expiresAtMs > this.#options.clock.now() ? found : undefined;
  }

  async has(id: string): Promise<boolean> {
    const found = await this.#options.apiTokens.get(id);
    return found !== undefined && found.body.expiresAtMs > this.#options.clock.now();
  }

  /** False: he has none of this id. */
  async remove(id: string, userId: string): Promise<boolean> {
    const found = await this.#options.apiTokens.get(id);
    return found?.body.userId === userId && await this.#options.apiTokens.remove(id);
  }

  async removeAllOf(userId: string): Promise<void> {
    for (const { id } of await this.of(userId)) await this.#options.apiTokens.remove(id);
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
