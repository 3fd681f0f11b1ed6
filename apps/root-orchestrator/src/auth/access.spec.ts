import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRoot } from '../testing/test-root.ts';
import { grants, resources, roles, routes, scopeOf, verbs, type Role, type Rule } from './access.ts';
import { ruleOf } from './auth.guard.ts';

let root: TestRoot;
const tokens = new Map<Role | 'nobody', string>();
beforeAll(async () => {
  root = await TestRoot.open();
  for (const role of roles) tokens.set(role, (await root.user(`user-${role}`, [role])).token);
  tokens.set('nobody', (await root.user('user-without', [])).token);
});
afterAll(() => root.close());

/** What Nest made; the description of the API is served beside it, to all. */
const served = (): string[] => root.routes.filter(({ method, url }) => method !== 'OPTIONS' && method !== 'HEAD' && !/^\/(api\/docs|docs)(\/|$)/.test(url) && url !== '*').map(({ method, url }) => `${method} ${url.length > 1 ? url.replace(/\/$/, '') : url}`);
/** Ids that nobody has, and what is no change if it were done. */
const pathOf = (url: string): string => url.replace(':username', 'somebody').replace(':number', '0').replace(':count', '1').replace(':cluster', 'c').replace(':node', 'n').replace(/:(user)\b/, 'me').replace(/:\w+/g, 'f'.repeat(24));

test('every route is in the table, and the table names no other', () => {
  expect([...new Set(served())].sort()).toEqual(Object.keys(routes).sort());
});

describe('who comes through', () => {
  test.each(Object.keys(routes))('%s', async (route) => {
    const [method = '', url = ''] = route.split(' ');
    if (url === '/api/events') return;
    const rule = ruleOf(method, url) as Rule;
    expect((await root.ask(method, pathOf(url))).status === 401).toBe(rule !== 'open' && url !== '/api/auth/refresh');
    if (rule === 'open') return;
    for (const [role, token] of tokens) {
      if (url === '/api/auth/logout' || url === '/api/auth/keys') continue;
      const held = role === 'nobody' ? [] : [role];
      const mayPass = scopeOf(held, rule.resource, rule.verb) !== undefined && rule.own !== 'only';
      const { status, body } = await root.ask(method, pathOf(url), { token, ...(method !== 'GET' && { body: {} }) });
      expect([role, status === 403, status === 401], `${status} ${JSON.stringify(body)}`).toEqual([role, !mayPass, false]);
      expect(status).toBeLessThan(500);
    }
  });
});

test('what each role may, in words', () => {
  const may = (role: Role | undefined): string[] => resources.flatMap((resource) => verbs.flatMap((verb) => {
    const scope = scopeOf(role ? [role] : [], resource, verb);
    return scope === undefined || resource === 'self' ? [] : [`${verb} ${resource}: ${scope}`];
  }));
  expect(may(undefined)).toEqual([]);
  expect(may('Infrastructure_Provider')).toEqual(['list event: shared', 'read placement: all', 'list node: all', 'read node: all', 'create node: all', 'change node: all', 'remove node: all']);
  expect(may('Application_Provider').filter((one) => one.includes(': all'))).toEqual(['read placement: all', 'list address: all', 'list node: all']);
  expect(may('Application_Provider').some((one) => /user|organisation:|audit|key|list (application|service|instance)/.test(one))).toBe(false);
  expect(may('Organization_Admin').filter((one) => one.includes(': all'))).toEqual(['read placement: all', 'list address: all', 'list node: all']);
  expect(may('Organization_Admin').some((one) => /create organisation|remove organisation|change node|key/.test(one))).toBe(false);
  expect(may('Admin')).toHaveLength((resources.length - 1) * verbs.length);
});

test('the widest role counts, and the limits of an API token take away only', () => {
  expect(scopeOf(['Application_Provider', 'Organization_Admin'], 'service', 'read')).toBe('organisation');
  expect(scopeOf(['Admin'], 'service', 'read', ['service:read'])).toBe('all');
  expect(scopeOf(['Admin'], 'service', 'remove', ['service:read'])).toBeUndefined();
  expect(scopeOf(['Application_Provider'], 'audit', 'list', ['*:*'])).toBeUndefined();
  expect(scopeOf(['Admin'], 'self', 'create', ['*:*'])).toBeUndefined();
  expect(Object.keys(grants)).toEqual([...roles]);
});
