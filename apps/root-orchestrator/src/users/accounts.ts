import type { Collection, Document } from '@oak/store';
import type { ApiTokens } from '../api-tokens/api-tokens.ts';
import type { ApplicationRecord } from '../applications/application-record.ts';
import type { Role } from '../auth/access.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Claims } from '../auth/tokens.ts';
import { forbidden, notFound, Problem } from '../http/problem.ts';
import { memberOf, type Organisations } from '../organisations/organisations.ts';
import type { UserRecord } from './user-record.ts';
import type { NewUser, Users } from './users.ts';

export interface AccountsOptions {
  readonly users: Users;
  readonly organisations: Organisations;
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly applications: Collection<ApplicationRecord>;
}
export interface AccountChange { readonly email?: string | undefined; readonly roles?: readonly Role[] | undefined; readonly password?: string | undefined }

/** What some may do with the accounts of others: an Admin with all, an Organization_Admin with the members of his organisation and only there. */
export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** @throws Problem 403, 409, 422 */
  async register(user: NewUser, roles: readonly Role[], caller: Claims): Promise<Document<UserRecord>> {
    const { users, organisations } = this.#options;
    mayGive(caller, [], roles);
    const created = await users.create(user);
    try {
      await organisations.enrol(created.id, caller.organization, roles);
    } catch (error) {
      await users.remove(created.id);
      throw error;
    }
    return created;
  }

  /** With his roles in the caller's organisation. @throws Problem 404 also for one whom the caller must not know of */
  async get(name: string, caller: Claims): Promise<{ user: Document<UserRecord>; roles: readonly Role[] }> {
    const { users, organisations } = this.#options;
    const user = await users.find(name);
    const roles = user && await organisations.rolesOf(user.id, caller.organization);
    const known = user && (caller.scope === 'all' || user.id === caller.userId || (caller.scope === 'organisation' && roles !== undefined));
    if (!known) throw notFound('user', name);
    return { user, roles: roles ?? [] };
  }

  /** With their roles there. @throws Problem 404 */
  async of(organisation: string, caller: Claims): Promise<{ user: Document<UserRecord>; roles: readonly Role[] }[]> {
    const found = caller.scope === 'all' || organisation === caller.organization ? await this.#options.organisations.get(organisation) : undefined;
    if (!found) throw notFound('organization', organisation);
    const users = await this.#options.users.list();
    return users.flatMap((user) => {
      const member = memberOf(found, user.id);
      return member ? [{ user, roles: member.roles }] : [];
    });
  }

  /** All whom the caller may know, with their roles in his organisation. */
  async all(caller: Claims): Promise<{ user: Document<UserRecord>; roles: readonly Role[] }[]> {
    if (caller.scope !== 'all') return this.of(caller.organization, caller);
    const own = await this.#options.organisations.get(caller.organization);
    return (await this.#options.users.list()).map((user) => ({ user, roles: (own && memberOf(own, user.id)?.roles) ?? [] }));
  }

  /** What is not given stays. @throws Problem 403, 404, 409, 422 */
  async change(name: string, { email, roles, password }: AccountChange, caller: Claims): Promise<void> {
    const { users, organisations, sessions } = this.#options;
    const { user, roles: held } = await this.get(name, caller);
    const isHimself = user.id === caller.userId;
    if (roles !== undefined && !sameRoles(roles, held)) {
      mayGive(caller, held, roles);
      await organisations.enrol(user.id, caller.organization, roles);
    }
    // Whoever sets an address or a password can become that user, in all his organisations.
    if (email !== undefined && email !== user.body.email) {
      if (!isHimself && caller.scope !== 'all') throw forbidden();
      await users.setEmail(user.id, email);
    }
    if (password === undefined) return;
    if (isHimself || caller.scope !== 'all') throw new Problem(403, 'Forbidden', 'an own password is changed by POST /api/user/NAME with oldPassword and newPassword; that of others by an Admin');
    await users.setPassword(user.id, password, 'password', true);
    await sessions.closeAllOf(user.id);
  }

  /** Who has the token can become that user, in all his organisations. @throws Problem 403, 404 */
  async beginReset(name: string, caller: Claims): Promise<{ token: string; expiresAtMs: number }> {
    const { user } = await this.get(name, caller);
    if (caller.scope !== 'all') throw forbidden();
    return this.#options.users.beginReset(user.id);
  }

  /** An Organization_Admin takes him out of the organisation; the account goes with the last one. @throws Problem 403, 404, 409 */
  async remove(name: string, caller: Claims): Promise<void> {
    const { users, organisations, sessions, apiTokens, applications } = this.#options;
    const { user, roles } = await this.get(name, caller);
    mayGive(caller, roles, []);
    const memberships = await organisations.of(user.id);
    const leaving = caller.scope === 'all' ? memberships : memberships.filter(({ id }) => id === caller.organization);
    const isLast = leaving.length === memberships.length;
    const owned = await applications.list({ where: { index: 'name', equals: [name] } });
    const stays = owned.filter(({ body }) => isLast || body.organisation === caller.organization);
    if (stays.length > 0) throw new Problem(409, 'Conflict', `user ${name} owns applications: ${stays.slice(0, 5).map(({ body }) => `${body.name}.${body.namespace}`).join(', ')}; delete them first`);
    for (const { id } of leaving) await organisations.enrol(user.id, id, undefined);
    if (!isLast) return;
    await users.remove(user.id);
    await sessions.closeAllOf(user.id);
    await apiTokens.removeAllOf(user.id);
  }
}

/** The role Admin reaches beyond an organisation: only who has it gives or takes it. @throws Problem 403 */
export function mayGive(caller: Claims, before: readonly Role[], after: readonly Role[]): void {
  if (caller.scope === 'self') throw forbidden();
  if (caller.scope !== 'all' && before.includes('Admin') !== after.includes('Admin')) throw new Problem(403, 'Forbidden', 'only an Admin gives or takes the role Admin');
}

function sameRoles(a: readonly Role[], b: readonly Role[]): boolean {
  return a.length === b.length && a.every((role) => b.includes(role));
}
