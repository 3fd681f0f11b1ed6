import type { Users } from './users.ts';

const patienceMs = 10_000;
const mostUnderWay = 16;

export interface ResetPostOptions {
  readonly users: Users;
  /** Where tokens go: a program of the operator that sends mail. Undefined: there is none, and an Admin hands tokens out by himself. */
  readonly hook: string | undefined;
  readonly log: (text: string) => void;
}

/** Sends reset tokens to their users. Who asks learns nothing: neither whether there is such a user nor whether it was sent. */
export class ResetPost {
  readonly #options: ResetPostOptions;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: ResetPostOptions) {
    this.#options = options;
  }

  /** One letter at a time for each user; what is too much is dropped. */
  ask(username: string): void {
    const { hook, log } = this.#options;
    if (hook === undefined) { log('somebody forgot a password, and OAK_PASSWORD_RESET_HOOK does not say where tokens go: an Admin makes one by POST /api/user/NAME/reset'); return; }
    if (this.#underWay.has(username) || this.#underWay.size >= mostUnderWay) return;
    const sent = this.#send(hook, username).catch((error: unknown) => { log(`a reset token was not sent: ${String(error)}`); }).finally(() => { this.#underWay.delete(username); });
    this.#underWay.set(username, sent);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async #send(hook: string, username: string): Promise<void> {
    const user = await this.#options.users.find(username);
    if (!user || user.body.email === '') return;
    const { token, expiresAtMs } = await this.#options.users.beginReset(user.id);
    const body = JSON.stringify({ username, email: user.body.email, token, expires_at: new Date(expiresAtMs).toISOString() });
    const answer = await fetch(hook, { method: 'POST', headers: { 'content-type': 'application/json' }, body, redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`OAK_PASSWORD_RESET_HOOK answered ${answer.status}`);
  }
}
