import { instanceStatuses } from '@oak/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceRecord } from './instance-record.ts';
import { planInstance } from './plan-instance.ts';

const record = (over: { desired?: 'run' | 'gone'; node?: string; status?: InstanceRecord['report']['status']; attempt?: number }): InstanceRecord => ({
  spec: {} as InstanceRecord['spec'],
  desired: over.desired ?? 'run',
  ...(over.node && { node: over.node }),
  report: { id: 'a'.repeat(24), attempt: over.attempt ?? 0, status: over.status ?? 'CLUSTER_SCHEDULED', detail: '', restarts: 0 },
});

test('new: place; placed: keep assigned; its node lost: place again with a new attempt', () => {
  expect(planInstance(record({}), undefined)).toMatchObject({ kind: 'place', attempt: 0 });
  expect(planInstance(record({ node: 'n1', status: 'RUNNING' }), 'active')).toEqual({ kind: 'assign', node: 'n1' });
  expect(planInstance(record({ node: 'n1', status: 'RUNNING' }), 'unknown')).toEqual({ kind: 'assign', node: 'n1' });
  expect(planInstance(record({ node: 'n1', status: 'RUNNING', attempt: 4 }), 'lost')).toMatchObject({ kind: 'place', attempt: 5 });
});

test('gone: its node stops it; without a living node it is forgotten', () => {
  expect(planInstance(record({ desired: 'gone', node: 'n1', status: 'RUNNING' }), 'active')).toEqual({ kind: 'withdraw', node: 'n1' });
  expect(planInstance(record({ desired: 'gone', node: 'n1', status: 'RUNNING' }), 'unknown')).toEqual({ kind: 'withdraw', node: 'n1' });
  expect(planInstance(record({ desired: 'gone', node: 'n1', status: 'RUNNING' }), 'lost')).toEqual({ kind: 'forget' });
  expect(planInstance(record({ desired: 'gone' }), undefined)).toEqual({ kind: 'forget' });
});

test('an unknown node is never a reason to move or forget', () => {
  fc.assert(fc.property(fc.constantFrom(...instanceStatuses), fc.constantFrom('run' as const, 'gone' as const), (status, desired) => {
    const { kind } = planInstance(record({ node: 'n1', status, desired }), 'unknown');
    return kind !== 'forget' && (kind !== 'place' || !['NODE_SCHEDULED', 'CREATING', 'CREATED', 'RUNNING', 'DEAD', 'FAILED'].includes(status));
  }));
});

test('what completed stays', () => {
  expect(planInstance(record({ node: 'n1', status: 'COMPLETED' }), 'lost')).toEqual({ kind: 'rest' });
});
