import { FakeClock } from '@oak/reconcile/testing';
import { expect, test } from 'vitest';
import { LoginGate } from './login-gate.ts';

test('an attack from very many places at very many names is remembered in so much memory and no more', () => {
  const gate = new LoginGate(new FakeClock());
  for (let at = 0; at < 20_000; at += 1) gate.failed(`name ${at}`, `address ${at}`);
  expect(gate.remembered).toBe(10_000);
});

test('who has one address of IPv6 has many, and they are one place', () => {
  const gate = new LoginGate(new FakeClock());
  for (let at = 0; at < 5; at += 1) gate.failed('bob', `2001:db8::${at}`);
  expect(() => { gate.check('bob', '2001:db8::77'); }).toThrow('try again');
  gate.check('bob', '2001:db8:0:1::1');
});

test('the owner of an account that is attacked from everywhere waits half a minute at most', async () => {
  const clock = new FakeClock();
  const gate = new LoginGate(clock);
  for (let at = 0; at < 1_000; at += 1) gate.failed('Admin', `address ${at}`);
  expect(() => { gate.check('Admin', 'his own'); }).toThrow('30 s');
  await clock.advance(30_000);
  gate.check('Admin', 'his own');
});
