import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestRoot } from '../testing/test-root.ts';

interface Operation { summary?: string; parameters?: { name: string; in: string }[]; security?: unknown[] }
interface Description { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, unknown> } }

let root: TestRoot;
let description: Description;
beforeAll(async () => {
  root = await TestRoot.open();
  description = await root.must<Description>('GET', '/docs/openapi.json');
});
afterAll(() => root.close());

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(description).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to ?? '');
  expect(references.length).toBeGreaterThan(0);
  for (const to of references) expect(description.components.schemas, to).toHaveProperty([to.replace('#/components/schemas/', '')]);
});

test('every operation says what it does, and names what is in its path', () => {
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, { summary, parameters = [] }] of Object.entries(operations)) {
      expect(summary, `${method} ${path}`).toBeTruthy();
      const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name).sort();
      expect(named, `${method} ${path}`).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
    }
  }
});

test('what needs a token says so', () => {
  const open = Object.entries(description.paths).flatMap(([path, operations]) => Object.entries(operations).filter(([, { security }]) => !security?.length).map(([method]) => `${method.toUpperCase()} ${path}`));
  expect(open.sort()).toEqual(['GET /.well-known/jwks.json', 'GET /healthz', 'GET /metrics', 'GET /readyz', 'GET /api/clusters', 'GET /api/clusters/active', 'POST /api/auth/login', 'POST /api/user', 'PUT /api/user'].sort());
});
