import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as contracts from '../index.ts';
import { messages } from '../messages.ts';
import { asyncApi } from './async-api.ts';

test('the published description is that of the code: run "npm run docs" after a change', () => {
  const published: unknown = JSON.parse(readFileSync(new URL('../../../../docs/reference/asyncapi.json', import.meta.url), 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(asyncApi())));
});

test('every definition of the library is described, once', () => {
  const defined = Object.entries(contracts).filter(([, one]) => typeof one === 'object' && 'subject' in one).map(([name]) => name).sort();
  expect(messages.map(({ name }) => name).sort()).toEqual(defined);
});

test('who speaks may say it: a subject begins with the receiver above, or with the cluster\'s own', () => {
  for (const { name, from, definition: { subject } } of messages) {
    const expected = from === 'cluster' && subject.startsWith('root.') ? /^root\.cluster\.\*\./ : from === 'root' ? /^cluster\.\*\.(?!node\.)/ : /^cluster\.\*\.node\.\*\./;
    expect(subject, name).toMatch(expected);
  }
});
