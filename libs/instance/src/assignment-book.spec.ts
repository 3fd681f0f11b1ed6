import type { Assignment, InstanceSpec } from '@oak/contracts';
import { expect, test } from 'vitest';
import { AssignmentBook, AssignmentInbox, Listing, ReportCursor, ReportOutbox, type Outgoing } from './index.ts';

const spec = (n: number, attempt = 0): InstanceSpec => ({
  id: n.toString(16).padStart(24, '0'), serviceId: '0'.repeat(24), applicationId: '0'.repeat(24), instanceNumber: n, name: 'a.b.c.d', attempt,
  microservice: {} as InstanceSpec['microservice'],
});

function book(maxBytes?: number): { book: AssignmentBook; sent: Assignment[]; turn: () => void } {
  const sent: Assignment[] = [];
  const deferred: (() => void)[] = [];
  return {
    book: new AssignmentBook({ epoch: 3, send: (_receiver, message) => sent.push(message), defer: (flush) => deferred.push(flush), ...(maxBytes !== undefined && { maxBytes }) }),
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
  expect(one.complete('n1')).toMatchObject([{ revision: 1, instances: [spec(1)] }]);
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

test('a complete report holds what changed while it was read', () => {
  const out: Outgoing<{ id: string; n: number }>[] = [];
  const outbox = new ReportOutbox<{ id: string; n: number }>({ send: (one) => out.push(one), defer: () => undefined });
  const read = [{ id: 'a', n: 1 }, { id: 'b', n: 1 }];
  outbox.changed({ id: 'a', n: 2 });
  outbox.complete(read);
  expect(out).toEqual([{ sequence: 1, kind: 'complete', instances: [{ id: 'a', n: 2 }, { id: 'b', n: 1 }] }]);
});

test('a receiver drops what is stale and notices what was lost', () => {
  const cursor = new ReportCursor();
  const say = (epoch: number, sequence: number, kind: 'complete' | 'changed' = 'changed'): string => cursor.accept('n', { epoch, sequence, kind });
  expect([say(1, 1, 'complete'), say(1, 2), say(1, 2), say(1, 1), say(0, 9), say(1, 4), say(2, 1), say(2, 2, 'complete')])
    .toEqual(['fresh', 'fresh', 'stale', 'stale', 'stale', 'gap', 'gap', 'fresh']);
  expect([cursor.isBehind('n', 2, 2), cursor.isBehind('n', 2, 3), cursor.isBehind('other', 1, 0)]).toEqual([false, true, true]);
});

test('what was lost is missed until a complete report is there, whatever comes in between', () => {
  const cursor = new ReportCursor();
  const say = (sequence: number, kind: 'complete' | 'changed', page?: { at: number; of: number }): string => cursor.accept('n', { epoch: 1, sequence, kind, page });
  expect([say(1, 'complete'), say(3, 'changed'), say(4, 'changed'), cursor.isBehind('n', 1, 4)]).toEqual(['fresh', 'gap', 'gap', true]);
  expect([say(5, 'complete', { at: 0, of: 2 }), say(7, 'changed'), cursor.isBehind('n', 1, 7)]).toEqual(['fresh', 'gap', true]);
  expect([say(8, 'complete', { at: 0, of: 2 }), say(9, 'complete', { at: 1, of: 2 }), say(10, 'changed'), cursor.isBehind('n', 1, 10)]).toEqual(['fresh', 'fresh', 'fresh', false]);
});

test('who registers anew with an older epoch has lost its memory, and is heard again', () => {
  const cursor = new ReportCursor();
  cursor.accept('n', { epoch: 7, sequence: 9, kind: 'complete' });
  cursor.registered('n', 7);
  expect(cursor.accept('n', { epoch: 7, sequence: 9, kind: 'complete' })).toBe('stale');
  cursor.registered('n', 1);
  expect(cursor.accept('n', { epoch: 1, sequence: 1, kind: 'complete' })).toBe('fresh');
});

test('what shall surely be gone is said also to a receiver that never had it, and again', () => {
  const { book: one, sent, turn } = book();
  one.assign('n1', spec(1));
  one.revoke('n1', spec(1).id);
  turn();
  one.revoke('n1', spec(1).id);
  turn();
  one.withdraw('n1', spec(1).id);
  turn();
  expect(sent).toMatchObject([{ revision: 1, assign: [], withdraw: [{ id: spec(1).id }] }, { revision: 2, assign: [], withdraw: [{ id: spec(1).id }] }]);
  expect(one.has('n1', spec(1).id)).toBe(false);
});

test('a set that is larger than a message arrives whole, and nothing is dropped before its last page', async () => {
  const { book: one } = book(4_000);
  for (let n = 0; n < 500; n++) one.assign('n1', spec(n));
  const pages = one.complete('n1');
  expect(pages.length).toBeGreaterThan(10);
  expect(Math.max(...pages.map((page) => JSON.stringify(page.instances).length))).toBeLessThan(4_100);
  const [has, dropped] = [new Set<string>(['old']), [] as string[]];
  const inbox = new AssignmentInbox({
    known: () => Promise.resolve([...has]), take: (specs) => { for (const { id } of specs) has.add(id); return Promise.resolve(); },
    drop: (ids) => { dropped.push(...ids); for (const id of ids) has.delete(id); return Promise.resolve(); }, save: () => undefined,
  });
  for (const page of pages.slice(1).toReversed()) expect(await inbox.accept(page)).toBe(true);
  expect([has.size, dropped, inbox.position]).toEqual([1, [], undefined]);
  await inbox.accept(pages[0]);
  expect([has.size, dropped, inbox.position]).toEqual([500, ['old'], { epoch: 3, revision: 1 }]);
});

test('a complete report in pages lists everything once all pages are there', () => {
  const out: Outgoing<{ id: string }>[] = [];
  const outbox = new ReportOutbox<{ id: string }>({ send: (message) => out.push(message), defer: () => undefined, maxBytes: 30 });
  outbox.complete(['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })));
  expect(out.length).toBeGreaterThan(1);
  const listing = new Listing();
  const seen = out.map(({ sequence, page, instances }) => listing.add('n', { epoch: 1, sequence, page }, instances.map(({ id }) => id)));
  expect(seen.slice(0, -1).every((one) => one === undefined)).toBe(true);
  expect([...seen.at(-1) ?? []]).toEqual(['a', 'b', 'c', 'd', 'e']);
  // A page of a newer report does not complete an older one.
  expect(listing.add('n', { epoch: 1, sequence: 10, page: { at: 0, of: 2 } }, ['x'])).toBeUndefined();
  expect(listing.add('n', { epoch: 1, sequence: 21, page: { at: 1, of: 2 } }, ['y'])).toBeUndefined();
});
