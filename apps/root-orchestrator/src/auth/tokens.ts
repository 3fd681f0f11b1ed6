import { randomUUID } from 'node:crypto';
import type { Clock } from '@oak/reconcile';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Resource, Role, Scope, Verb } from './access.ts';
import { algorithm, type KeyRing } from './key-ring.ts';

/** Oakestra's: ten minutes, thirty days. */
const accessForMs = 10 * 60_000;
export const refreshForMs = 30 * 24 * 3_600_000;
const lifetimeMs = { access: accessForMs, refresh: refreshForMs };

const ticketSchema = z.object({ jti: z.string(), type: z.enum(['access', 'refresh']), sid: z.string(), uid: z.string() });
/** What a token of ours is believed: which login it belongs to. All else is looked up when it is shown. */
export type Ticket = z.infer<typeof ticketSchema>;
export interface Issue { readonly sub: string; readonly userId: string; readonly session: string; readonly roles: readonly Role[]; readonly organization: string; readonly organizationName: string }

/** Who calls, as the guard found just now. */
export interface Claims {
  readonly sub: string;
  readonly userId: string;
  readonly roles: readonly Role[];
  /** Id of the organisation that he logged in to. */
  readonly organization: string;
  /** Of the login, or of the API token. */
  readonly session: string;
  /** How far the route that he asks for reaches. */
  readonly scope: Scope;
  /** How far he reaches with another one. */
  readonly may: (resource: Resource, verb: Verb) => Scope | undefined;
}

/** Signs and checks tokens. The claims are those that Oakestra's clients know. */
export class Tokens {
  readonly #keys: KeyRing;
  readonly #clock: Clock;

  constructor(keys: KeyRing, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** `jti`: of a refresh token, as its session knows it. */
  async issue(type: Ticket['type'], { sub, userId, session, roles, organization, organizationName }: Issue, jti: string = randomUUID()): Promise<string> {
    const { kid, key } = await this.#keys.signing();
    const now = Math.floor(this.#clock.now() / 1_000);
    return new SignJWT({ type, roles: [...roles], organization, organization_name: organizationName, user: sub, uid: userId, sid: session, fresh: false, csrf: randomUUID() })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(kid !== '' && { kid }) }).setSubject(sub).setIssuedAt(now).setNotBefore(now).setJti(jti).setExpirationTime(now + lifetimeMs[type] / 1_000).sign(key);
  }

  /** Undefined: not ours, or over. */
  async check(token: string): Promise<Ticket | undefined> {
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = await this.#keys.checking(kid);
      const verified = key && await jwtVerify(token, key, { algorithms: [algorithm], currentDate: new Date(this.#clock.now()) });
      return ticketSchema.safeParse(verified?.payload).data;
    } catch {
      return undefined;
    }
  }
}
