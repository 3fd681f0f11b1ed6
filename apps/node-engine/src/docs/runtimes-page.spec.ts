import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runtimesPage } from './runtimes-page.ts';

test('docs/runtimes.md is as the runtimes declare; if not: npx nx run @oak/node-engine:docs', () => {
  expect(readFileSync(new URL('../../../../docs/runtimes.md', import.meta.url), 'utf8')).toBe(runtimesPage());
});
