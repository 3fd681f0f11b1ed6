import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const workspace = join(import.meta.dirname, '../../..');
const rows = [...readFileSync(join(workspace, 'docs/overlay-cases.md'), 'utf8').matchAll(/^\| (\d+) (.*?) \| .* \| `(.+?)` (.+) \|$/gm)].map(([, number = '', name = '', file = '', title = '']) => ({ number, name, file, title }));

test('every weakness has its case', () => {
  expect(new Set(rows.map(({ number }) => Number(number)))).toEqual(new Set(Array.from({ length: 25 }, (_, i) => i + 1)));
});

test.each(rows)('$number $name: its test exists', ({ file, title }) => {
  expect(readFileSync(join(workspace, file), 'utf8').replaceAll('\\', '')).toContain(`${title}'`);
});
