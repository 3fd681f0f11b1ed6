import { expect, test } from 'vitest';
import { faultsOf, oneLine } from './faults.ts';
import { SparseLog } from './sparse-log.ts';

const issue = (path: PropertyKey[], message = 'expected a number') => ({ path, message });
const failed = (...issues: object[]): Error => Object.assign(new Error('a long text'), { issues });

test('the fields at fault are named, the first three and how many more', () => {
  expect(faultsOf(failed(issue(['instances', 3, 'status'])))).toBe('instances[3].status: expected a number');
  expect(faultsOf(failed(issue([])))).toBe('payload: expected a number');
  expect(faultsOf(failed(...Array.from({ length: 5_000 }, (_, at) => issue([at]))))).toBe('[0]: expected a number; [1]: expected a number; [2]: expected a number; and 4997 more');
  expect(faultsOf(new SyntaxError('Unexpected token'))).toBe('Unexpected token');
});

test('what a stranger sent makes neither a second line nor a long one', () => {
  expect(oneLine('a\r\nNats-Service-Error-Code: 200\n')).toBe('a Nats-Service-Error-Code: 200 ');
  expect(faultsOf(failed(issue(['x'.repeat(100_000)])))).toHaveLength(500);
});

test('of each kind the 1st, the 10th, the 100th are said; kinds without number are one kind', () => {
  const said: string[] = [];
  const log = new SparseLog((text) => said.push(text));
  for (let count = 0; count < 250; count++) log.say('a', 'bad a');
  log.say('b', 'bad b');
  expect(said).toEqual(['bad a', 'bad a (10 of this kind so far)', 'bad a (100 of this kind so far)', 'bad b']);
  for (let kind = 0; kind < 100_000; kind++) log.say(String(kind), 'another');
  expect(said.length).toBeLessThan(1_020);
});
