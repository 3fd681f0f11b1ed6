import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { ChainedBook, ChainedInbox, type ChainedMessage } from './chained.ts';

interface Item { readonly id: string; readonly value: number }
const ids = ['a', 'b', 'c', 'd'];
const step = oneof(
  record({ kind: constantFrom('set'), id: constantFrom(...ids), value: integer({ min: 0, max: 2 }) }),
  record({ kind: constantFrom('remove'), id: constantFrom(...ids) }),
  record({ kind: constantFrom('flush', 'lose', 'repeat', 'swap', 'restart') }),
);

/** A sender whose messages a test may deliver as it likes. */
function sender(epoch: number): { book: ChainedBook<Item>; flush: () => void; sent: ChainedMessage<Item>[] } {
  const sent: ChainedMessage<Item>[] = [];
  let waiting: (() => void) | undefined;
  // Two items fill a message, so that sets of this size come in pages.
  const book = new ChainedBook<Item>({ epoch, send: (_receiver, message) => { sent.push(message); }, defer: (flush) => { waiting = flush; }, maxBytes: 50 });
  return { book, sent, flush: () => { waiting?.(); waiting = undefined; } };
}

const byId = (items: Iterable<Item>): Item[] => [...items].toSorted((a, b) => a.id.localeCompare(b.id));

test('whatever is lost, repeated or swapped, a receiver that asks at each gap ends with the sender\'s set', () => {
  assert(property(array(step, { maxLength: 60 }), (steps) => {
    const state = { ...sender(1), epoch: 1, wanted: new Map<string, Item>() };
    const inbox = new ChainedInbox<Item>();
    const ask = (): void => { for (const page of state.book.complete('n')) inbox.accept(page); };
    const hear = (message: ChainedMessage<Item>): void => { if (inbox.accept(message).kind === 'gap') ask(); };
    for (const one of steps) {
      if ('value' in one) { const item = { id: one.id, value: one.value }; state.wanted.set(one.id, item); state.book.set('n', item); continue; }
      if ('id' in one) { state.wanted.delete(one.id); state.book.remove('n', one.id); continue; }
      state.flush();
      const messages = state.sent.splice(0);
      if (one.kind === 'lose') continue;
      if (one.kind === 'restart') { Object.assign(state, sender(state.epoch + 1), { epoch: state.epoch + 1 }); state.book.replace('n', [...state.wanted.values()]); }
      for (const message of one.kind === 'swap' ? messages.toReversed() : one.kind === 'repeat' ? [...messages, ...messages] : messages) hear(message);
    }
    state.flush();
    for (const message of state.sent) hear(message);
    // What a heartbeat finds out.
    if (state.book.differs('n', inbox.position)) ask();
    expect(byId(inbox.items.values())).toEqual(byId(state.wanted.values()));
  }));
});

test('what did not change does not leave, and one turn makes one message', () => {
  const { book, flush, sent } = sender(1);
  book.replace('n', [{ id: 'a', value: 1 }, { id: 'b', value: 1 }]);
  flush();
  book.set('n', { id: 'a', value: 1 });
  book.remove('n', 'unknown');
  flush();
  expect(sent).toHaveLength(1);
  book.replace('n', [{ id: 'b', value: 2 }]);
  flush();
  expect(sent[1]).toEqual({ kind: 'incremental', epoch: 1, basedOn: 1, revision: 2, set: [{ id: 'b', value: 2 }], remove: ['a'] });
});

test('what is revoked is said also to a receiver that never had it, and again; what is wanted meanwhile is not', () => {
  const { book, flush, sent } = sender(1);
  book.set('n', { id: 'a', value: 1 });
  book.revoke('n', 'a');
  flush();
  book.revoke('n', 'a');
  flush();
  book.revoke('n', 'b');
  book.set('n', { id: 'b', value: 1 });
  flush();
  expect(sent.map((message) => (message.kind === 'incremental' ? [message.set.map(({ id }) => id), message.remove] : message.kind))).toEqual([[[], ['a']], [[], ['a']], [['b'], []]]);
});

test('so many removals that they are no message leave as the complete set', () => {
  const { book, flush, sent } = sender(1);
  const many = Array.from({ length: 40_000 }, (_, at) => ({ id: `x${String(at).padStart(24, '0')}`, value: 1 }));
  book.load('n', [...many, { id: 'a', value: 1 }]);
  book.replace('n', [{ id: 'a', value: 1 }]);
  flush();
  expect(sent).toEqual([{ kind: 'complete', epoch: 1, revision: 1, items: [{ id: 'a', value: 1 }] }]);
});

test('nothing changes until the last page is here; pages of another revision do not mix', () => {
  const inbox = new ChainedInbox<Item>();
  const page = (revision: number, at: number, of: number, id: string): ChainedMessage<Item> => ({ kind: 'complete', epoch: 1, revision, items: [{ id, value: revision }], page: { at, of } });
  expect(inbox.accept(page(1, 0, 2, 'a'))).toEqual({ kind: 'waiting' });
  expect(inbox.accept(page(2, 1, 2, 'b'))).toEqual({ kind: 'waiting' });
  expect(inbox.position).toBeUndefined();
  expect(inbox.accept(page(2, 0, 2, 'a'))).toEqual({ kind: 'applied', changed: new Set(['a', 'b']) });
  expect([...inbox.items.values()].every(({ value }) => value === 2)).toBe(true);
});

test('a change leaves also when it may leave at once', () => {
  const sent: ChainedMessage<Item>[] = [];
  const book = new ChainedBook<Item>({ epoch: 1, send: (_receiver, message) => { sent.push(message); }, defer: (flush) => { flush(); } });
  book.set('n', { id: 'a', value: 1 });
  book.set('n', { id: 'b', value: 1 });
  expect(sent.map(({ revision }) => revision)).toEqual([1, 2]);
});

test('what can not be sent to one receiver does not keep the others waiting', () => {
  const [sent, failed]: [string[], string[]] = [[], []];
  let flush = (): void => undefined;
  const book = new ChainedBook<Item>({
    epoch: 1, defer: (run) => { flush = run; }, onError: (receiver) => { failed.push(receiver); },
    send: (receiver) => { if (receiver === 'bad') throw new Error('too large'); sent.push(receiver); },
  });
  for (const receiver of ['bad', 'good']) book.set(receiver, { id: 'a', value: 1 });
  flush();
  expect([sent, failed]).toEqual([['good'], ['bad']]);
});

test('the outcome names what changed', () => {
  const inbox = new ChainedInbox<Item>();
  inbox.accept({ kind: 'complete', epoch: 1, revision: 4, items: [{ id: 'a', value: 1 }, { id: 'b', value: 1 }] });
  expect(inbox.accept({ kind: 'complete', epoch: 1, revision: 5, items: [{ id: 'a', value: 1 }, { id: 'c', value: 1 }] })).toEqual({ kind: 'applied', changed: new Set(['b', 'c']) });
  expect(inbox.accept({ kind: 'incremental', epoch: 1, revision: 5, basedOn: 4, set: [], remove: [] })).toEqual({ kind: 'stale' });
  expect(inbox.accept({ kind: 'incremental', epoch: 1, revision: 8, basedOn: 7, set: [], remove: [] })).toEqual({ kind: 'gap' });
  expect(inbox.accept({ kind: 'complete', epoch: 0, revision: 9, items: [] })).toEqual({ kind: 'stale' });
});
