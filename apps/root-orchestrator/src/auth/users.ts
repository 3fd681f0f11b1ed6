import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { StateDir } from '@oak/process';
import type { Collection } from '@oak/store';
import { roles, type UserRecord } from './user-record.ts';

export const credentialsFile = 'admin-credentials.json';

/** Who may log in. */
export class Users {
  readonly #users: Collection<UserRecord>;
  /** Compared against when there is no such user, so that the time of an answer does not tell. */
  #decoy: string | undefined;

  constructor(users: Collection<UserRecord>) {
    this.#users = users;
  }

  async find(name: string): Promise<{ id: string; user: UserRecord } | undefined> {
    const [document] = await this.#users.list({ where: { index: 'name', equals: [name] }, limit: 1 });
    return document && { id: document.id, user: document.body };
  }

  async authenticate(name: string, password: string): Promise<{ id: string; user: UserRecord } | undefined> {
    const found = await this.find(name);
    this.#decoy ??= await hash(randomBytes(16).toString('hex'));
    const good = await verify(found?.user.passwordHash ?? this.#decoy, password);
    return good ? found : undefined;
  }

  /** At the first start: an admin with a generated password, written to a file that only the owner reads. Returns what was made. */
  async ensureAdmin(state: StateDir, newId: () => string, now: number): Promise<{ username: string; password: string } | undefined> {
    if (await this.#users.count() > 0) return undefined;
    const credentials = { username: 'Admin', password: randomBytes(15).toString('base64url') };
    // The file first: a crash in between leaves a file that the next start overwrites, not an admin whose password nobody knows.
    state.write(credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`);
    await this.#users.insert(newId(), { name: credentials.username, passwordHash: await hash(credentials.password), roles: [...roles], organization: 'root', createdAtMs: now });
    return credentials;
  }
}
