import { instanceStatuses } from '@oak/contracts';
import { isFinal, isWaiting } from '@oak/instance';
import { expect, test } from 'vitest';
import type { InstanceRecord } from './instance-record.ts';
import { planInstance, strandedDetail, waitingDetail, waitingStatus } from './plan-instance.ts';

const record = (over: Partial<InstanceRecord>): InstanceRecord => ({
  serviceId: 's', applicationId: 'a', number: 0, version: 1, desired: 'run', status: 'REQUESTED', detail: '', attempt: 0, refusals: [], createdAtMs: 0, changedAtMs: 0, ...over,
});
const explanation = { evaluated: 2, filtered: [], exhausted: [], top: [], complete: true, summary: '0 of 2 can take it' };

test('without a cluster it is placed as long as it waits; with one it stays assigned there', () => {
  for (const status of instanceStatuses) {
    expect(planInstance(record({ status }), false).kind, status).toBe(isWaiting(status) ? 'place' : 'rest');
    expect(planInstance(record({ status, cluster: 'c1' }), false), status).toEqual({ kind: 'assign', cluster: 'c1' });
  }
});

test('what shall go is withdrawn from its cluster, and forgotten only when nobody has it', () => {
  expect(planInstance(record({ desired: 'gone', cluster: 'c1' }), false)).toEqual({ kind: 'withdraw', cluster: 'c1' });
  expect(planInstance(record({ desired: 'gone' }), false)).toEqual({ kind: 'forget' });
});

test('of a lost cluster: what shall run moves unless it is over, what shall go is forgotten', () => {
  for (const status of instanceStatuses) {
    expect(planInstance(record({ status, cluster: 'c1' }), true), status).toEqual(isFinal(status) ? { kind: 'rest' } : { kind: 'move', from: 'c1' });
  }
  expect(planInstance(record({ desired: 'gone', cluster: 'c1' }), true)).toEqual({ kind: 'forget', lost: 'c1' });
  expect(strandedDetail('c1', explanation, [])).toBe('cluster c1 is lost and may still run it; no other cluster can take it: 0 of 2 can take it');
});

test('the reason for waiting has Oakestra\'s name', () => {
  const decision = { explanation };
  const known = (name: string): { active: boolean } | undefined => ({ here: { active: true }, silent: { active: false } })[name];
  expect(waitingStatus(decision, undefined, known)).toBe('NoActiveClusterWithCapacity');
  expect(waitingStatus(decision, ['nowhere'], known)).toBe('TargetClusterNotFound');
  expect(waitingStatus(decision, ['silent'], known)).toBe('TargetClusterNotActive');
  expect(waitingStatus(decision, ['here', 'silent'], known)).toBe('TargetClusterNoCapacity');
});

test('the detail tells what clusters said that gave it back', () => {
  expect(waitingDetail(explanation, [{ cluster: 'c1', text: 'no room', offer: '' }])).toBe('0 of 2 can take it; cluster c1 gave it back: no room');
});
