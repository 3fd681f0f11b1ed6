import { instanceStatuses, type InstanceStatus } from '@oak/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFinal, lifecycle, move } from './index.ts';

const status = fc.constantFrom(...instanceStatuses);

test('no move within an attempt goes backwards', () => {
  for (const [from, row] of Object.entries(lifecycle)) {
    for (const to of row.next) expect(lifecycle[to].rank, `${from} -> ${to}`).toBeGreaterThanOrEqual(row.rank);
  }
});

test('every status but UNDEPLOYED has a way out, and can end in UNDEPLOYED', () => {
  for (const one of instanceStatuses) {
    if (one === 'UNDEPLOYED') expect(lifecycle[one].next).toEqual([]);
    else expect(lifecycle[one].next, one).toContain('UNDEPLOYED');
  }
});

test('a wait at root always has a way to a cluster', () => {
  for (const [from, row] of Object.entries(lifecycle)) {
    if (row.owner !== 'node' && from !== 'CLUSTER_SCHEDULED' && !isFinal(from as InstanceStatus)) expect([...row.next, ...row.retry], from).toContain('CLUSTER_SCHEDULED');
  }
});

test('who was not heard for a while may have gone on: every step below root can be skipped, in the same attempt or a later one', () => {
  for (const from of ['CLUSTER_SCHEDULED', 'NO_WORKER_CAPACITY', 'NO_QUALIFIED_WORKER_FOUND', 'NO_NODE_FOUND', 'NODE_SCHEDULED'] as const) {
    for (const to of ['CREATING', 'CREATED', 'RUNNING', 'FAILED', 'DEAD', 'COMPLETED'] as const) {
      for (const attempt of [3, 4]) expect(move({ status: from, attempt: 3 }, { status: to, attempt }), `${from} -> ${to}`).toEqual({ ok: true, changed: true });
    }
  }
});

test('whatever a cluster or a node has can be given to another one in a new attempt', () => {
  for (const [from, row] of Object.entries(lifecycle)) {
    if (row.owner !== 'root') expect(row.retry, from).toEqual(expect.arrayContaining(['CLUSTER_SCHEDULED', 'NODE_SCHEDULED']));
  }
});

test('an older attempt never wins', () => {
  fc.assert(fc.property(status, status, fc.nat(50), fc.nat(50), (a, b, older, more) => {
    expect(move({ status: a, attempt: older + more + 1 }, { status: b, attempt: older }).ok).toBe(false);
  }));
});

test('any run of accepted moves climbs in (attempt, rank), so it can not cycle', () => {
  fc.assert(fc.property(fc.array(fc.tuple(status, fc.nat(3)), { maxLength: 30 }), (steps) => {
    let at = { status: 'REQUESTED' as InstanceStatus, attempt: 0 };
    for (const [next, more] of steps) {
      const to = { status: next, attempt: at.attempt + more };
      if (!move(at, to).ok) continue;
      const climbs = to.attempt > at.attempt || lifecycle[to.status].rank >= lifecycle[at.status].rank;
      expect(climbs).toBe(true);
      at = to;
    }
  }));
});

test('nothing follows UNDEPLOYED, and COMPLETED is never started again', () => {
  for (const to of instanceStatuses) {
    expect(move({ status: 'UNDEPLOYED', attempt: 0 }, { status: to, attempt: 1 }).ok).toBe(false);
    expect(move({ status: 'COMPLETED', attempt: 0 }, { status: to, attempt: 1 }).ok).toBe(false);
  }
});
