import type { StateDir } from '@oak/process';
import type { Clock } from '@oak/reconcile';
import type { Store } from '@oak/store';
import { apiTokensCollection } from './api-tokens/api-token-record.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { Identity } from './auth/identity.ts';
import { KeyRing } from './auth/key-ring.ts';
import { LoginGate } from './auth/login-gate.ts';
import { Logins } from './auth/logins.ts';
import { sessionsCollection } from './auth/session-record.ts';
import { Sessions } from './auth/sessions.ts';
import { refreshForMs, Tokens } from './auth/tokens.ts';
import { organisationsCollection } from './organisations/organisation-record.ts';
import { Organisations } from './organisations/organisations.ts';
import { usersCollection } from './users/user-record.ts';
import { Users } from './users/users.ts';

export interface PeopleOptions {
  readonly store: Store;
  readonly state: Pick<StateDir, 'read' | 'write'>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: (text: string) => void;
  readonly minPasswordLength: number;
  /** A key that signs tokens is replaced when it is older. */
  readonly keyOldestMs: number;
}

/** Who there is, and how they prove it. */
export interface People {
  readonly users: Users;
  readonly organisations: Organisations;
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly keys: KeyRing;
  readonly logins: Logins;
  readonly identity: Identity;
  /** The administrator that was made, if there was none. */
  readonly madeAdmin: { readonly username: string; readonly password: string } | undefined;
}

export async function openPeople({ store, state, clock, newId, log, minPasswordLength, keyOldestMs }: PeopleOptions): Promise<People> {
  const users = new Users({ users: store.collection(usersCollection), clock, newId, minPasswordLength });
  const organisations = new Organisations({ organisations: store.collection(organisationsCollection), clock, newId });
  const sessions = new Sessions({ sessions: store.collection(sessionsCollection), clock, newId, log });
  const apiTokens = new ApiTokens({ apiTokens: store.collection(apiTokensCollection), clock, newId });
  const keys = await KeyRing.open(state, clock, { oldestMs: keyOldestMs, keptMs: refreshForMs });
  const tokens = new Tokens(keys, clock);
  const watched = [store.collection(sessionsCollection), store.collection(apiTokensCollection), store.collection(organisationsCollection)];
  const madeAdmin = await users.ensureAdmin(state);
  const admin = await users.find('Admin') ?? (await users.list())[0];
  if (admin) await organisations.ensureRoot(admin.id);
  return {
    users, organisations, sessions, apiTokens, keys, madeAdmin,
    logins: new Logins({ users, organisations, sessions, tokens, gate: new LoginGate(clock) }), identity: new Identity({ users, organisations, sessions, apiTokens, tokens, watch: (changed) => watchAll(watched, changed) }),
  };
}

function watchAll(collections: readonly { watch(listener: (change: { readonly id: string }) => void): () => void }[], changed: (id: string) => void): () => void {
  const undo = collections.map((collection) => collection.watch(({ id }) => { changed(id); }));
  return () => { for (const unwatch of undo) unwatch(); };
}
