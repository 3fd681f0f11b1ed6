import type { Assignment, InstanceSpec } from '@oak/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyAssignment, completeAssignment, nextAssignment, type AssignmentSet } from './index.ts';

const spec = (n: number, attempt = 0): InstanceSpec => ({
  id: n.toString(16).padStart(24, '0'), serviceId: '0'.repeat(24), applicationId: '0'.repeat(24), instanceNumber: n, name: 'a.b.c.d', attempt,
  microservice: {} as InstanceSpec['microservice'],
});
const empty: AssignmentSet = { epoch: 1, revision: 0, instances: new Map() };
const change = fc.record({ assign: fc.array(fc.nat(9), { maxLength: 3 }), withdraw: fc.array(fc.nat(9), { maxLength: 3 }) });

function chain(changes: { assign: number[]; withdraw: number[] }[]): { sets: AssignmentSet[]; messages: Assignment[] } {
  const sets = [empty];
  const messages: Assignment[] = [];
  for (const [step, { assign, withdraw }] of changes.entries()) {
    const gone = withdraw.filter((n) => !assign.includes(n));
    const next = nextAssignment(sets.at(-1)!, [...new Set(assign)].map((n) => spec(n, step)), gone.map((n) => spec(n).id));
    if (next) { sets.push(next.set); messages.push(next.message); }
  }
  return { sets, messages };
}

test('a receiver that hears everything stands where the sender stands', () => {
  fc.assert(fc.property(fc.array(change), (changes) => {
    const { sets, messages } = chain(changes);
    let set = empty;
    for (const message of messages) {
      const applied = applyAssignment(set, message);
      if (applied.kind === 'applied') set = applied.set;
    }
    expect(set).toEqual(sets.at(-1));
  }));
});

test('lost, repeated and reordered messages end in a gap or are dropped; one complete set heals all', () => {
  fc.assert(fc.property(fc.array(change), fc.array(fc.nat(20)), (changes, picks) => {
    const { sets, messages } = chain(changes);
    const last = sets.at(-1)!;
    let set = empty;
    for (const pick of picks) {
      const message = messages[pick];
      if (!message) continue;
      const applied = applyAssignment(set, message);
      if (applied.kind === 'applied') set = applied.set;
      expect(sets.some((one) => one.revision === set.revision)).toBe(true);
    }
    const healed = applyAssignment(set, completeAssignment(last));
    expect(healed.kind === 'applied' ? healed.set : set).toEqual(last);
  }));
});

test('an older epoch is stale, a newer one is a gap until its complete set comes', () => {
  const set: AssignmentSet = { epoch: 5, revision: 7, instances: new Map() };
  expect(applyAssignment(set, { kind: 'complete', epoch: 4, revision: 99, instances: [] }).kind).toBe('stale');
  expect(applyAssignment(set, { kind: 'incremental', epoch: 6, basedOn: 7, revision: 8, assign: [], withdraw: [] }).kind).toBe('gap');
  expect(applyAssignment(undefined, { kind: 'incremental', epoch: 6, basedOn: 0, revision: 1, assign: [], withdraw: [] }).kind).toBe('gap');
});
