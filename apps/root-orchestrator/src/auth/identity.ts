import type { Document } from '@oak/store';
import { ApiTokens } from '../api-tokens/api-tokens.ts';
import type { Organisations } from '../organisations/organisations.ts';
import type { UserRecord } from '../users/user-record.ts';
import type { Users } from '../users/users.ts';
import { scopeOf, type Role } from './access.ts';
import type { Sessions } from './sessions.ts';
import type { Claims, Tokens } from './tokens.ts';

export interface IdentityOptions {
  readonly users: Users;
  readonly organisations: Organisations;
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly tokens: Tokens;
  /** Calls with the id of each login, API token and organisation that changes, after the change. Returns the undo. */
  readonly watch: (changed: (id: string) => void) => () => void;
}
export type Identified = Omit<Claims, 'scope'> & {
  /** His password was chosen by somebody else, and its time is over. */
  readonly mustChangePassword: boolean;
};
interface Grant { readonly id: string; readonly userId: string; readonly organisation: string; readonly limits?: readonly string[] }

/** Who a token stands for, looked up anew each time: what was taken away is gone at once, and what was given is there. */
export class Identity {
  readonly #options: IdentityOptions;

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /** Undefined: nobody. */
  async of(token: string): Promise<Identified | undefined> {
    const grant = ApiTokens.looksLike(token) ? await this.#byApiToken(token) : await this.#byLogin(token);
    const user = grant && await this.#options.users.get(grant.userId);
    if (!grant || !user) return undefined;
    // Who is no member any more is still himself, without any role.
    const roles = await this.#options.organisations.rolesOf(user.id, grant.organisation) ?? [];
    return this.#identified(grant, user, roles);
  }

  /** Calls `ended` once when the caller is no more who he was: logged out, taken back, removed, or with other roles. Returns the undo. */
  watch({ session, userId, organization, roles }: Pick<Identified, 'session' | 'userId' | 'organization' | 'roles'>, ended: (error?: unknown) => void): () => void {
    const look = async (): Promise<void> => {
      const now = await this.#options.organisations.rolesOf(userId, organization) ?? [];
      if (!await this.#lasts(session) || now.join() !== roles.join()) end();
    };
    const unwatch = this.#options.watch((id) => { if (id === session || id === organization) look().catch(end); });
    const end = (error?: unknown): void => { unwatch(); ended(error); };
    return unwatch;
  }

  async #lasts(session: string): Promise<boolean> {
    return await this.#options.sessions.get(session) !== undefined || await this.#options.apiTokens.has(session);
  }

  #identified({ id, organisation, limits }: Grant, user: Document<UserRecord>, roles: readonly Role[]): Identified {
    return {
      sub: user.body.name, userId: user.id, roles, organization: organisation, session: id,
      may: (resource, verb) => scopeOf(roles, resource, verb, limits), mustChangePassword: this.#options.users.isExpired(user),
    };
  }

  async #byLogin(token: string): Promise<Grant | undefined> {
    const ticket = await this.#options.tokens.check(token);
    const session = ticket?.type === 'access' ? await this.#options.sessions.get(ticket.sid) : undefined;
    return session && { id: session.id, userId: session.body.userId, organisation: session.body.organisation };
  }

  async #byApiToken(token: string): Promise<Grant | undefined> {
    const found = await this.#options.apiTokens.check(token);
    return found && { id: found.id, userId: found.body.userId, organisation: found.body.organisation, limits: found.body.scopes };
  }
}
