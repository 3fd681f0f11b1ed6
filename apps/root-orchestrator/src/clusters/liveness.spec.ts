import fc from 'fast-check';
import { expect, test } from 'vitest';
import { livenessOf, type ClusterState } from './liveness.ts';

const policy = { silentAfterMs: 15_000, lostAfterMs: 60_000 };
const state = fc.constantFrom<ClusterState>('active', 'silent', 'lost');

test('heard lately is active, silence comes first, then loss', () => {
  const after = (ms: number): ClusterState => livenessOf('active', ms, true, policy);
  expect([0, 14_999, 15_000, 59_999, 60_000].map(after)).toEqual(['active', 'active', 'silent', 'silent', 'lost']);
});

test('a cluster that this root has not heard yet has the whole grace, and is not active', () => {
  expect([0, 59_999, 60_000].map((ms) => livenessOf('silent', ms, false, policy))).toEqual(['silent', 'silent', 'lost']);
});

test('nobody is given up before the grace is over, and no sign of life brings back who was', () => {
  fc.assert(fc.property(state, fc.nat(100_000), fc.boolean(), (from, silentMs, heard) => {
    const to = livenessOf(from, silentMs, heard, policy);
    expect(to === 'lost').toBe(from === 'lost' || silentMs >= policy.lostAfterMs);
  }));
});
