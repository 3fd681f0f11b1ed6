import { randomUUID } from 'node:crypto';
import type { Clock } from '@oak/reconcile';
import type { Collection, Document } from '@oak/store';
import type { SessionRecord } from './session-record.ts';
import { refreshForMs } from './tokens.ts';

/** Of one user. Oakestra's command line logs in for each command, so those go first that were never renewed. */
const mostOfOneUser = 500;
const mostSuccessors = 16;

export interface SessionsOptions {
  readonly sessions: Collection<SessionRecord>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: (text: string) => void;
}

/** Logins that last, and which refresh token of each is the one. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Undefined: there was none, or it is over. */
  async get(id: string): Promise<Document<SessionRecord> | undefined> {
    const found = await this.#options.sessions.get(id);
    return found && found.body.expiresAtMs > this.#options.clock.now() ? found : undefined;
  }

  async open(userId: string, organisation: string): Promise<Document<SessionRecord>> {
    const { sessions, clock, newId } = this.#options;
    const now = clock.now();
    const others = await this.#of(userId);
    const byWorth = others.toSorted((a, b) => Number(b.body.next.length > 0) - Number(a.body.next.length > 0) || b.body.createdAtMs - a.body.createdAtMs);
    const over = byWorth.filter(({ body }, at) => body.expiresAtMs <= now || at >= mostOfOneUser - 1);
    for (const { id } of over) await sessions.remove(id);
    return sessions.insert(newId(), { userId, organisation, current: randomUUID(), next: [], createdAtMs: now, expiresAtMs: now + refreshForMs });
  }

  /**
   * The session of a refresh token that is shown, with the id of the one that follows it. The old one is over when the new one is shown, not before: who never got the answer, or does not
   * look for a new one in it, as Oakestra's clients, goes on with the old one. One that is over is known to two parties: the session ends. Undefined: log in again.
   */
  async refresh(id: string, shown: string): Promise<{ session: Document<SessionRecord>; next: string } | undefined> {
    if (!await this.get(id)) return undefined;
    const next = randomUUID();
    let isReused = false;
    const session = await this.#options.sessions.update(id, (record) => {
      const isNew = record.next.includes(shown);
      isReused = shown !== record.current && !isNew;
      return isReused ? undefined : { ...record, current: shown, next: [...(isNew ? [] : record.next), next].slice(-mostSuccessors) };
    });
    if (session && isReused) {
      this.#options.log(`a refresh token of user ${session.body.userId} was shown after it was replaced: somebody else may have it; that login is ended`);
      await this.close(id);
    }
    return session && !isReused ? { session, next } : undefined;
  }

  async close(id: string): Promise<void> {
    await this.#options.sessions.remove(id);
  }

  /** `but`: one that goes on. */
  async closeAllOf(userId: string, but?: string): Promise<void> {
    for (const { id } of await this.#of(userId)) if (id !== but) await this.close(id);
  }

  #of(userId: string): Promise<Document<SessionRecord>[]> {
    return this.#options.sessions.list({ where: { index: 'user', equals: [userId] } });
  }
}
