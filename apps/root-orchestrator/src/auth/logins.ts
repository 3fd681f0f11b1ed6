import type { Document } from '@oak/store';
import { Problem } from '../http/problem.ts';
import type { OrganisationRecord } from '../organisations/organisation-record.ts';
import { memberOf, type Organisations } from '../organisations/organisations.ts';
import { rootOrganisation } from '../organisations/shared-with.ts';
import type { UserRecord } from '../users/user-record.ts';
import type { Users } from '../users/users.ts';
import type { LoginGate } from './login-gate.ts';
import type { Sessions } from './sessions.ts';
import type { SessionRecord } from './session-record.ts';
import type { Tokens } from './tokens.ts';

export interface LoginsOptions {
  readonly users: Users;
  readonly organisations: Organisations;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly gate: LoginGate;
}
export interface TokenPair { readonly token: string; readonly refresh_token: string }
export interface Credentials { readonly username: string; readonly password: string; /** Absent: the root organisation, or one that he belongs to. */ readonly organisation?: string | undefined; /** Where he asks from. */ readonly address: string }

/** In and out. */
export class Logins {
  readonly #options: LoginsOptions;

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** @throws Problem 401, 404 when there is no such organisation, 429 */
  async login({ username, password, organisation, address }: Credentials): Promise<TokenPair & { readonly passwordExpiresAtMs?: number | undefined }> {
    const { users, sessions, gate } = this.#options;
    gate.check(username, address);
    const user = await users.authenticate(username, password);
    if (!user) {
      gate.failed(username, address);
      throw new Problem(401, 'Unauthorized', 'Wrong user name or password', [], { 'www-authenticate': 'Bearer' });
    }
    gate.succeeded(username, address);
    const found = await this.#organisationOf(user, organisation);
    const session = await sessions.open(user.id, found.id);
    return { ...await this.#tokensOf(session, user, found, session.body.current), passwordExpiresAtMs: user.body.passwordExpiresAtMs };
  }

  /** @throws Problem 422 when it is no refresh token, 401 when it is over, 404 when the user is gone */
  async refresh(token: string): Promise<TokenPair> {
    const { users, organisations, sessions, tokens } = this.#options;
    const ticket = await tokens.check(token);
    if (ticket?.type !== 'refresh') throw new Problem(422, 'Unprocessable', 'Only refresh tokens are allowed');
    const refreshed = await sessions.refresh(ticket.sid, ticket.jti);
    const user = await users.get(ticket.uid);
    if (!user) throw new Problem(404, 'Not found', 'the user does not exist any more');
    const organisation = refreshed && await organisations.get(refreshed.session.body.organisation);
    if (!organisation) throw new Problem(401, 'Unauthorized', 'this login is over, or the token was used before; log in again', [], { 'www-authenticate': 'Bearer' });
    return this.#tokensOf(refreshed.session, user, organisation, refreshed.next);
  }

  async #tokensOf({ id: session }: Document<SessionRecord>, user: Document<UserRecord>, organisation: Document<OrganisationRecord>, refreshId: string): Promise<TokenPair> {
    const { tokens } = this.#options;
    const issue = { sub: user.body.name, userId: user.id, session, roles: memberOf(organisation, user.id)?.roles ?? [], organization: organisation.id, organizationName: organisation.body.name };
    return { token: await tokens.issue('access', issue), refresh_token: await tokens.issue('refresh', issue, refreshId) };
  }

  async #organisationOf(user: Document<UserRecord>, name: string | undefined): Promise<Document<OrganisationRecord>> {
    const { organisations } = this.#options;
    if (name !== undefined && name !== '') {
      const named = await organisations.named(name);
      if (!named) throw new Problem(404, 'Not found', `organization ${name} does not exist`);
      return named;
    }
    const own = await organisations.of(user.id);
    const found = own.find(({ id }) => id === rootOrganisation) ?? own[0] ?? await organisations.get(rootOrganisation);
    if (!found) throw new Error('the root organisation is not in the store');
    return found;
  }
}
