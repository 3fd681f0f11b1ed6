import { sharedWith, type Owned } from '../organisations/shared-with.ts';

export const roles = ['Admin', 'Organization_Admin', 'Application_Provider', 'Infrastructure_Provider'] as const;
export type Role = (typeof roles)[number];

/** `list`: all that there is in the scope. `read`: one by its id, and what belongs to the caller. */
export const verbs = ['list', 'read', 'create', 'change', 'remove'] as const;
export type Verb = (typeof verbs)[number];

export const resources = ['application', 'service', 'instance', 'event', 'placement', 'address', 'node', 'user', 'organisation', 'audit', 'key', 'self'] as const;
export type Resource = (typeof resources)[number];

/** From wide to narrow. `shared`: what `sharedWith` says. `self`: the caller's own account. */
export const scopes = ['all', 'organisation', 'shared', 'self'] as const;
export type Scope = (typeof scopes)[number];

type Grants = Partial<Record<Resource, Partial<Record<Verb, Scope>>>>;
const every = (scope: Scope, ...which: readonly Verb[]): Partial<Record<Verb, Scope>> => Object.fromEntries((which.length > 0 ? which : verbs).map((verb) => [verb, scope]));
const looking: Grants = { event: every('shared', 'list'), placement: every('all', 'read'), node: every('all', 'list') };

/** What everybody who is logged in may do, also without any role. */
const everyone: Grants = { self: every('self') };

/** The whole truth about roles: role x resource x verb -> how far it reaches. What is not here is refused. */
export const grants: Readonly<Record<Role, Grants>> = {
  Admin: Object.fromEntries(resources.filter((resource) => resource !== 'self').map((resource) => [resource, every('all')])),
  Organization_Admin: {
    ...looking, event: every('organisation', 'list'), application: every('organisation'), service: every('organisation'), instance: every('organisation'), address: every('all', 'list'),
    user: every('organisation'), organisation: every('organisation', 'list', 'read', 'change'), audit: every('organisation', 'list'),
  },
  Application_Provider: {
    ...looking, application: every('shared', 'read', 'create', 'change', 'remove'), service: every('shared', 'read', 'create', 'change', 'remove'),
    instance: every('shared', 'read', 'create', 'change', 'remove'), address: every('all', 'list'),
  },
  Infrastructure_Provider: { ...looking, node: every('all') },
};

/** `own`: an account in the path; its owner may do it in any case, others by their roles. `ownOnly`: nobody else. */
export type Rule = 'open' | { readonly resource: Resource; readonly verb: Verb; readonly own?: 'param' | 'only' };
const by = (resource: Resource, verb: Verb): Rule => ({ resource, verb });
const own = (resource: Resource, verb: Verb): Rule => ({ resource, verb, own: 'param' });

/** Every route. One that is not here is refused to all, and a test names it. */
export const routes: Readonly<Record<string, Rule>> = {
  'POST /api/auth/login': 'open', 'POST /api/auth/refresh': 'open', 'GET /.well-known/jwks.json': 'open',
  'POST /api/user': 'open', 'PUT /api/user': 'open',
  'GET /healthz': 'open', 'GET /readyz': 'open', 'GET /metrics': 'open',
  // As Oakestra has it: its dashboard and the documented curl ask without a token. They tell names and health, no address.
  'GET /api/clusters': 'open', 'GET /api/clusters/active': 'open',
  'POST /api/auth/logout': by('self', 'change'), 'POST /api/auth/register': by('user', 'create'), 'POST /api/auth/keys': by('key', 'create'),
  'GET /api/tokens': by('self', 'list'), 'POST /api/tokens': by('self', 'create'), 'DELETE /api/tokens/:id': by('self', 'remove'),
  'GET /api/user/:username': own('user', 'read'), 'GET /api/permission/:username': own('user', 'read'),
  'POST /api/user/:username': { resource: 'self', verb: 'change', own: 'only' }, 'PUT /api/user/:username': own('user', 'change'),
  'DELETE /api/user/:username': by('user', 'remove'), 'POST /api/user/:username/reset': by('user', 'change'),
  'GET /api/users': by('user', 'list'), 'GET /api/users/:organisation': by('user', 'list'),
  'GET /api/organization': by('organisation', 'list'), 'POST /api/organization': by('organisation', 'create'),
  'GET /api/organization/:id': by('organisation', 'read'), 'PUT /api/organization/:id': by('organisation', 'change'), 'DELETE /api/organization/:id': by('organisation', 'remove'),
  'POST /api/application': by('application', 'create'), 'GET /api/applications': by('application', 'list'), 'GET /api/applications/:user': by('application', 'read'),
  'GET /api/application/:id': by('application', 'read'), 'PUT /api/application/:id': by('application', 'change'), 'DELETE /api/application/:id': by('application', 'remove'),
  'POST /api/service': by('service', 'create'), 'GET /api/services': by('service', 'list'), 'GET /api/services/:application': by('service', 'read'),
  'GET /api/service/:id': by('service', 'read'), 'PUT /api/service/:id': by('service', 'change'), 'PUT /api/service/:id/scale': by('service', 'change'),
  'POST /api/service/:id/rollback': by('service', 'change'), 'GET /api/service/:id/versions': by('service', 'read'), 'DELETE /api/service/:id': by('service', 'remove'),
  'POST /api/service/:id/instance': by('instance', 'create'), 'DELETE /api/service/:id/instance/:number': by('instance', 'remove'),
  'GET /api/service/:id/instance/:number': by('instance', 'read'), 'GET /api/service/:id/instance/:number/explain': by('instance', 'read'), 'GET /api/service/:id/instance/:number/logs': by('instance', 'read'),
  'GET /api/instances': by('instance', 'list'), 'GET /api/net/trace': by('instance', 'read'),
  'GET /api/pubnet/service/netinfo/available-ip': by('address', 'list'), 'GET /api/pubnet/service/netinfo/available-ip/:count': by('address', 'list'),
  'POST /api/explain': by('placement', 'read'), 'GET /api/events': by('event', 'list'),
  'GET /api/audit': by('audit', 'list'),
  'GET /api/nodes': by('node', 'list'), 'PATCH /api/nodes/:cluster/:node': by('node', 'change'),
};

/** How far these roles reach; undefined: not at all. `limits`: of an API token, `resource:verb` each, * for any. */
export function scopeOf(held: readonly Role[], resource: Resource, verb: Verb, limits?: readonly string[]): Scope | undefined {
  if (limits && !limits.some((limit) => covers(limit, resource, verb))) return undefined;
  const given = [everyone, ...held.map((role) => grants[role])].map((one) => one[resource]?.[verb]);
  return scopes.find((scope) => given.includes(scope));
}

/** A token for a machine never changes the account of its owner, and makes no other tokens. */
function covers(limit: string, resource: Resource, verb: Verb): boolean {
  if (resource === 'self' && verb !== 'read' && verb !== 'list') return false;
  const [toResource, toVerb] = limit.split(':');
  return (toResource === resource || toResource === '*') && (toVerb === verb || toVerb === '*');
}

/** Who asks, as far as it matters for what may be reached. */
export interface Reach { readonly sub: string; readonly organization: string; readonly scope: Scope }

export function reaches({ sub, organization, scope }: Reach, thing: Owned): boolean {
  switch (scope) {
    case 'all': return true;
    case 'organisation': return thing.organisation === organization;
    case 'shared': return sharedWith(thing) === sharedWith({ owner: sub, organisation: organization });
    case 'self': return false;
  }
}
