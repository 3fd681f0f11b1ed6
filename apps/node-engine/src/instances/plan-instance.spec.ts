import { instanceStatuses } from '@oak/contracts';
import type { Observed, Phase } from '@oak/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceRecord } from './instance-record.ts';
import { planInstance } from './plan-instance.ts';

const record = (status: InstanceRecord['report']['status'], desired: 'run' | 'gone' = 'run'): InstanceRecord => ({
  spec: {} as InstanceRecord['spec'], desired, failures: 0, report: { id: 'a'.repeat(24), attempt: 0, status, detail: '', restarts: 0 },
});
const observed = (phase: Phase, code?: number): Observed => ({
  id: 'a'.repeat(24), virtualization: 'runc', labels: {}, phase, pid: 1, startedAtMs: 0, exit: phase === 'stopped' ? { code, oomKilled: false, atMs: 1 } : undefined,
});

test('nothing there: launch, or wait for the end of the delay', () => {
  expect(planInstance(record('NODE_SCHEDULED'), undefined, 0, 5)).toEqual({ kind: 'launch' });
  expect(planInstance(record('DEAD'), undefined, 25, 5)).toEqual({ kind: 'wait', ms: 20 });
});

test('what runs is adopted, never started again', () => {
  for (const status of instanceStatuses.filter((one) => one !== 'COMPLETED')) {
    const { kind } = planInstance(record(status), observed('running'), 0, 5);
    expect(kind, status).toBe(status === 'RUNNING' ? 'rest' : 'adopt');
  }
});

test('an end is told; a start that was cut off is cleared', () => {
  expect(planInstance(record('RUNNING'), observed('stopped', 3), 0, 5).kind).toBe('conclude');
  expect(planInstance(record('RUNNING'), observed('stopped'), 0, 5).kind).toBe('conclude');
  expect(planInstance(record('CREATING'), observed('stopped'), 0, 5).kind).toBe('clear');
  expect(planInstance(record('CREATING'), observed('created'), 0, 5).kind).toBe('clear');
});

test('what shall go is stopped while it lives, then removed; nothing else ever stops a living workload', () => {
  expect(planInstance(record('RUNNING', 'gone'), observed('running'), 0, 5).kind).toBe('stop');
  expect(planInstance(record('RUNNING', 'gone'), observed('stopped', 0), 0, 5).kind).toBe('remove');
  fc.assert(fc.property(fc.constantFrom(...instanceStatuses), fc.nat(100), fc.nat(100), (status, notBefore, now) =>
    !['stop', 'remove', 'launch'].includes(planInstance(record(status), observed('running'), notBefore, now).kind) && (status === 'COMPLETED' || planInstance(record(status), observed('running'), notBefore, now).kind !== 'clear')));
});

test('what completed is never launched again', () => {
  expect(planInstance(record('COMPLETED'), undefined, 0, 5)).toEqual({ kind: 'rest' });
});
