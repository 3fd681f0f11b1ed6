import type { InstanceSpec, Position } from '@oak/contracts';
import { expect, test } from 'vitest';
import { AssignmentInbox } from './index.ts';

const spec = (n: number): InstanceSpec => ({
  id: n.toString(16).padStart(24, '0'), serviceId: '0'.repeat(24), applicationId: '0'.repeat(24), instanceNumber: n, name: 'a.b.c.d', attempt: 0,
  microservice: {} as InstanceSpec['microservice'],
});

interface Receiver { inbox: AssignmentInbox; has: Set<string>; saved: Position[]; fail: { next: boolean } }

function receiver(...stored: number[]): Receiver {
  const has = new Set(stored.map((n) => spec(n).id));
  const saved: Position[] = [];
  const fail = { next: false };
  const inbox = new AssignmentInbox({
    known: () => Promise.resolve([...has]),
    take: async (specs) => {
      await Promise.resolve();
      if (fail.next) { fail.next = false; throw new Error('disk full'); }
      for (const { id } of specs) has.add(id);
    },
    drop: (ids) => { for (const id of ids) has.delete(id); return Promise.resolve(); },
    save: (position) => saved.push(position),
  });
  return { inbox, has, saved, fail };
}

test('a complete set also drops what only the store knows', async () => {
  const { inbox, has } = receiver(1, 2);
  expect(await inbox.accept({ kind: 'complete', epoch: 1, revision: 0, instances: [spec(2), spec(3)] })).toBe(true);
  expect([...has].sort()).toEqual([spec(2).id, spec(3).id]);
});

test('a missing link is told and changes nothing', async () => {
  const { inbox, has } = receiver();
  await inbox.accept({ kind: 'complete', epoch: 1, revision: 4, instances: [spec(1)] });
  expect(await inbox.accept({ kind: 'incremental', epoch: 1, basedOn: 5, revision: 6, assign: [spec(2)], withdraw: [] })).toBe(false);
  expect([...has]).toEqual([spec(1).id]);
});

test('messages that arrive together are applied one after the other', async () => {
  const { inbox, has } = receiver();
  const accepted = await Promise.all([
    inbox.accept({ kind: 'complete', epoch: 1, revision: 0, instances: [] }),
    inbox.accept({ kind: 'incremental', epoch: 1, basedOn: 0, revision: 1, assign: [spec(1)], withdraw: [] }),
    inbox.accept({ kind: 'incremental', epoch: 1, basedOn: 1, revision: 2, assign: [], withdraw: [{ id: spec(1).id }] }),
  ]);
  expect(accepted).toEqual([true, true, true]);
  expect([...has]).toEqual([]);
  expect(inbox.position).toEqual({ epoch: 1, revision: 2 });
});

test('what failed half way is not counted as done: the same message is taken again', async () => {
  const { inbox, has, saved, fail } = receiver();
  fail.next = true;
  const message = { kind: 'complete' as const, epoch: 1, revision: 0, instances: [spec(1)] };
  await expect(inbox.accept(message)).rejects.toThrow('disk full');
  expect([inbox.position, saved]).toEqual([undefined, []]);
  expect(await inbox.accept(message)).toBe(true);
  expect([...has]).toEqual([spec(1).id]);
});

test('after a restart it goes on where it stood', async () => {
  const { inbox, has } = receiver(1);
  inbox.restore({ epoch: 2, revision: 7 }, [spec(1)]);
  expect(await inbox.accept({ kind: 'incremental', epoch: 2, basedOn: 7, revision: 8, assign: [spec(2)], withdraw: [] })).toBe(true);
  expect(has.size).toBe(2);
});
