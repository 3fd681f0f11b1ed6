import type { Assignment, InstanceSpec } from '@oak/contracts';
import { expect, test } from 'vitest';
import { AssignmentBook, ReportCursor, ReportOutbox, type Outgoing } from './index.ts';

const spec = (n: number, attempt = 0): InstanceSpec => ({
  id: n.toString(16).padStart(24, '0'), serviceId: '0'.repeat(24), applicationId: '0'.repeat(24), instanceNumber: n, name: 'a.b.c.d', attempt,
  microservice: {} as InstanceSpec['microservice'],
});

function book(): { book: AssignmentBook; sent: Assignment[]; turn: () => void } {
  const sent: Assignment[] = [];
  const deferred: (() => void)[] = [];
  return {
    book: new AssignmentBook({ epoch: 3, send: (_receiver, message) => sent.push(message), defer: (flush) => deferred.push(flush) }),
    sent,
    turn: () => { for (const flush of deferred.splice(0)) flush(); },
  };
}

test('changes of one turn leave as one message', () => {
  const { book: one, sent, turn } = book();
  for (let n = 0; n < 50; n++) one.assign('n1', spec(n));
  one.withdraw('n1', spec(7).id);
  turn();
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ kind: 'incremental', basedOn: 0, revision: 1 });
  expect(sent[0]?.kind === 'incremental' ? sent[0].assign.length : 0).toBe(49);
});

test('a complete set already holds what waits, and nothing is sent twice', () => {
  const { book: one, sent, turn } = book();
  one.assign('n1', spec(1));
  expect(one.complete('n1')).toMatchObject({ revision: 1, instances: [spec(1)] });
  turn();
  expect(sent).toEqual([]);
});

test('the same assignment again is no change; a new attempt is', () => {
  const { book: one, sent, turn } = book();
  one.load('n1', [spec(1)]);
  one.assign('n1', spec(1));
  turn();
  expect(sent).toEqual([]);
  one.assign('n1', spec(1, 2));
  turn();
  expect(sent).toHaveLength(1);
});

test('reports: the latest wins, stale ones are dropped, a fence silences an old epoch', () => {
  const out: Outgoing<{ id: string; n: number }>[] = [];
  const deferred: (() => void)[] = [];
  const outbox = new ReportOutbox<{ id: string; n: number }>({ send: (one) => out.push(one), defer: (flush) => deferred.push(flush) });
  outbox.changed({ id: 'a', n: 1 });
  outbox.changed({ id: 'a', n: 2 });
  deferred.splice(0).forEach((flush) => { flush(); });
  expect(out).toEqual([{ sequence: 1, kind: 'changed', instances: [{ id: 'a', n: 2 }] }]);
  expect(outbox.sequence).toBe(1);
});

test('a receiver drops what is stale and notices what was lost', () => {
  const cursor = new ReportCursor();
  const say = (epoch: number, sequence: number, kind: 'complete' | 'changed' = 'changed'): string => cursor.accept('n', { epoch, sequence, kind });
  expect([say(1, 1, 'complete'), say(1, 2), say(1, 2), say(1, 1), say(0, 9), say(1, 4), say(2, 1), say(2, 2, 'complete')])
    .toEqual(['fresh', 'fresh', 'stale', 'stale', 'stale', 'gap', 'gap', 'fresh']);
  expect([cursor.isBehind('n', 2, 2), cursor.isBehind('n', 2, 3), cursor.isBehind('other', 1, 0)]).toEqual([false, true, true]);
});
