import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cliPage } from './cli-page.ts';

it('docs/cli.md is as the commands are declared; if not: npx nx run @oak/cli:docs', () => {
  expect(readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8')).toBe(cliPage());
});
