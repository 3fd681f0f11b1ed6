import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { StateDir } from '@oak/process';
import type { Clock } from '@oak/reconcile';
import { UniqueViolation, type Collection, type Document } from '@oak/store';
import { Passwords } from '../auth/passwords.ts';
import { Problem } from '../http/problem.ts';
import type { UserRecord } from './user-record.ts';

export const credentialsFile = 'admin-credentials.json';
/** The generated password lies in a file: it is to be changed by then. */
const generatedForMs = 24 * 3_600_000;
/** Oakestra's. */
const resetForMs = 3 * 3_600_000;

export interface UsersOptions {
  readonly users: Collection<UserRecord>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Of passwords that are chosen from now on. */
  readonly minPasswordLength: number;
}
export interface NewUser { readonly name: string; readonly password: string; readonly email?: string | undefined; readonly createdAt?: string | undefined }

/** Accounts and their passwords. */
export class Users {
  readonly #options: UsersOptions;
  readonly #passwords = new Passwords();

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  get(id: string): Promise<Document<UserRecord> | undefined> {
    return this.#options.users.get(id);
  }

  list(): Promise<Document<UserRecord>[]> {
    return this.#options.users.list();
  }

  async find(name: string): Promise<Document<UserRecord> | undefined> {
    return (await this.#options.users.list({ where: { index: 'name', equals: [name] }, limit: 1 }))[0];
  }

  /** Undefined: wrong name or wrong password, and nothing tells which. */
  async authenticate(name: string, password: string): Promise<Document<UserRecord> | undefined> {
    const found = await this.find(name);
    return await this.#passwords.verify(found?.body.passwordHash, password) ? found : undefined;
  }

  /** @throws Problem 409 when the name is taken, 422 when the password is too short */
  async create({ name, password, email = '', createdAt }: NewUser): Promise<Document<UserRecord>> {
    const { users, clock, newId } = this.#options;
    const passwordHash = await this.#hash(password, 'password');
    try {
      return await users.insert(newId(), { name, email, passwordHash, ...(createdAt !== undefined && { createdAt }), createdAtMs: clock.now() });
    } catch (error) {
      if (error instanceof UniqueViolation) throw new Problem(409, 'Conflict', 'Username already exists');
      throw error;
    }
  }

  /** @throws Problem 400 when the old one is wrong or the same */
  async changePassword({ id, body }: Document<UserRecord>, old: string, chosen: string): Promise<void> {
    if (!await this.#passwords.verify(body.passwordHash, old)) throw new Problem(400, 'Bad request', 'Old password is not valid!');
    if (old === chosen) throw new Problem(400, 'Bad request', 'The new password is the old one');
    await this.setPassword(id, chosen, 'newPassword');
  }

  /** `field`: how the caller named it. `expires`: somebody else chose it, so its owner is to change it. @throws Problem 422 */
  async setPassword(id: string, chosen: string, field: string, expires = false): Promise<void> {
    const passwordHash = await this.#hash(chosen, field);
    await this.#options.users.update(id, ({ passwordExpiresAtMs: _, reset: __, ...record }) => ({ ...record, passwordHash, ...(expires && { passwordExpiresAtMs: this.#options.clock.now() + generatedForMs }) }));
  }

  async setEmail(id: string, email: string): Promise<void> {
    await this.#options.users.update(id, (record) => ({ ...record, email }));
  }

  async remove(id: string): Promise<void> {
    await this.#options.users.remove(id);
  }

  isExpired({ body: { passwordExpiresAtMs } }: Document<UserRecord>): boolean {
    return passwordExpiresAtMs !== undefined && this.#options.clock.now() >= passwordExpiresAtMs;
  }

  /** What its owner may choose a new password with, once. An older one is good no more. */
  async beginReset(id: string): Promise<{ token: string; expiresAtMs: number }> {
    const secret = randomBytes(24).toString('base64url');
    const expiresAtMs = this.#options.clock.now() + resetForMs;
    await this.#options.users.update(id, (record) => ({ ...record, reset: { hash: digest(secret), expiresAtMs } }));
    return { token: `${id}.${secret}`, expiresAtMs };
  }

  /** The id of whose password it is now. @throws Problem 400 when the token is not good, 422 when the password is too short */
  async finishReset(token: string, chosen: string): Promise<string> {
    const [id = '', secret = ''] = token.split('.');
    const reset = (await this.get(id))?.body.reset;
    const good = reset !== undefined && timingSafeEqual(Buffer.from(digest(secret)), Buffer.from(reset.hash)) && this.#options.clock.now() < reset.expiresAtMs;
    if (!good) throw new Problem(400, 'Bad request', 'Link invalid! It was used, it is too old, or a newer one was asked for; ask for another one');
    await this.setPassword(id, chosen, 'password');
    return id;
  }

  /** At the first start: an admin with a generated password, in a file that only its owner reads. Returns what was made. */
  async ensureAdmin(state: Pick<StateDir, 'write'>): Promise<{ username: string; password: string } | undefined> {
    if (await this.#options.users.count() > 0) return undefined;
    const { users, clock, newId } = this.#options;
    const credentials = { username: 'Admin', password: randomBytes(15).toString('base64url') };
    // The file first: a crash in between leaves a file that the next start overwrites, not an admin whose password nobody knows.
    state.write(credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`);
    const now = clock.now();
    await users.insert(newId(), { name: credentials.username, email: '', passwordHash: await this.#passwords.hash(credentials.password), passwordExpiresAtMs: now + generatedForMs, createdAtMs: now });
    return credentials;
  }

  #hash(password: string, field: string): Promise<string> {
    const { minPasswordLength } = this.#options;
    const message = `expected at least ${minPasswordLength} characters`;
    if (password.length < minPasswordLength) throw new Problem(422, 'Invalid request', `${field}: ${message}`, [{ path: field, message }]);
    return this.#passwords.hash(password);
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
