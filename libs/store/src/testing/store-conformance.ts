import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Collection, CollectionDefinition } from '../collection.ts';
import type { Change } from '../document.ts';
import { CorruptDocument, InvalidArgument, NotFound, StaleRevision, StoreUnavailable, UniqueViolation } from '../store-error.ts';
import type { Store } from '../store.ts';

/** Somewhere documents outlive a store: a file, a database, a map. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Removes everything, whether stores are still open or not. */
  destroy(): Promise<void>;
}

interface Node { name?: string | null; cluster?: string; place?: { rack: number }; cpus?: number; ready?: boolean; note?: string }

const nodes: CollectionDefinition<Node> = {
  name: 'nodes',
  parse: (input) => input as Node,
  indexes: [
    { name: 'name', paths: ['name'], unique: true },
    { name: 'place', paths: ['cluster', 'place.rack'] },
    { name: 'ready', paths: ['ready'] },
    { name: 'slot', paths: ['cluster', 'cpus'], unique: true },
  ],
};
const odd = ['a b', 'x/y', '.', '..', '%00', '\'"`', '$gt', '__proto__', 'é', 'e\u0301', '\ue000', '😀', 'A', 'a', '1', '01', '-1', '\n', ' ', 'x'.repeat(512)];

/** What every adapter of the port promises, whatever it stands on. */
export function storeConformance(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`store port: ${name}`, () => {
    let place: StorePlace;
    let store: Store;
    let collection: Collection<Node>;
    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
      collection = store.collection(nodes);
    });
    afterEach(async () => {
      await store.close();
      await place.destroy();
    });
    const reopen = async (): Promise<Collection<Node>> => {
      await store.close();
      store = await place.open();
      return store.collection(nodes);
    };
    const ids = async (options?: Parameters<Collection<Node>['list']>[0]): Promise<string[]> => (await collection.list(options)).map(({ id }) => id);

    test('what was inserted is read, at revision 1', async () => {
      expect(await collection.insert('n1', { name: 'n1', cpus: 4 })).toEqual({ id: 'n1', revision: 1, body: { name: 'n1', cpus: 4 } });
      expect(await collection.get('n1')).toEqual({ id: 'n1', revision: 1, body: { name: 'n1', cpus: 4 } });
      expect(await collection.get('n2')).toBeUndefined();
    });

    test('a taken id is refused and changes nothing', async () => {
      await collection.insert('n1', { cpus: 1 });
      await expect(collection.insert('n1', { cpus: 2 })).rejects.toMatchObject({ name: 'UniqueViolation', collection: 'nodes', index: 'id' });
      expect((await collection.get('n1'))?.body).toEqual({ cpus: 1 });
    });

    test('replace is compare-and-set', async () => {
      await collection.insert('n1', { cpus: 1 });
      expect(await collection.replace('n1', 1, { cpus: 2 })).toEqual({ id: 'n1', revision: 2, body: { cpus: 2 } });
      const stale = await collection.replace('n1', 1, { cpus: 3 }).catch((error: unknown) => error);
      expect(stale).toBeInstanceOf(StaleRevision);
      expect(stale).toMatchObject({ collection: 'nodes', id: 'n1', expected: 1, actual: 2, kind: 'temporary' });
      await expect(collection.replace('n2', 1, {})).rejects.toBeInstanceOf(NotFound);
      expect(await collection.get('n1')).toEqual({ id: 'n1', revision: 2, body: { cpus: 2 } });
    });

    test('of 50 parallel writers on one revision, one wins; 50 parallel updates all count', async () => {
      await collection.insert('n1', { cpus: 0 });
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, nth) => collection.replace('n1', 1, { cpus: nth })));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await collection.replace('n1', 2, { cpus: 0 });
      await Promise.all(Array.from({ length: 50 }, () => collection.update('n1', (body) => ({ cpus: (body.cpus ?? 0) + 1 }))));
      expect(await collection.get('n1')).toEqual({ id: 'n1', revision: 53, body: { cpus: 50 } });
    });

    test('of 50 parallel inserts of one unique value, one wins', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, nth) => collection.insert(`n${nth}`, { name: 'same' })));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await collection.count()).toBe(1);
    });

    test('update: undefined leaves it, an absent document stays absent, what change throws reaches the caller', async () => {
      await collection.insert('n1', { cpus: 1 });
      expect(await collection.update('n1', () => undefined)).toEqual({ id: 'n1', revision: 1, body: { cpus: 1 } });
      expect(await collection.update('n2', (body) => body)).toBeUndefined();
      await expect(collection.update('n1', () => { throw new Error('mine'); })).rejects.toThrow('mine');
      expect((await collection.get('n1'))?.revision).toBe(1);
    });

    test('remove says whether there was one, and may compare', async () => {
      await collection.insert('n1', { name: 'n1' });
      await expect(collection.remove('n1', 7)).rejects.toBeInstanceOf(StaleRevision);
      expect(await collection.remove('n1', 1)).toBe(true);
      expect(await collection.remove('n1')).toBe(false);
      expect(await collection.remove('n1', 3)).toBe(false);
      expect((await collection.insert('n1', { name: 'n1' })).revision).toBe(1);
      expect(await collection.remove('n1')).toBe(true);
    });

    test('a unique index holds for inserts, replacements and moves; null and missing are free', async () => {
      await collection.insert('n1', { name: 'a' });
      await collection.insert('n2', { name: 'b' });
      const violation = await collection.insert('n3', { name: 'a' }).catch((error: unknown) => error);
      expect(violation).toBeInstanceOf(UniqueViolation);
      expect(violation).toMatchObject({ collection: 'nodes', index: 'name' });
      await expect(collection.replace('n2', 1, { name: 'a' })).rejects.toMatchObject({ index: 'name' });
      await collection.replace('n1', 1, { name: 'c' });
      await collection.replace('n2', 1, { name: 'a' });
      await collection.remove('n2');
      await collection.insert('n4', { name: 'a' });
      await collection.insert('n5', { name: null });
      await collection.insert('n6', { name: null });
      await collection.insert('n7', {});
      await collection.insert('n8', {});
      expect(await collection.count()).toBe(6);
    });

    test('a unique index over two paths compares both and leaves documents alone that lack one', async () => {
      await collection.insert('n1', { cluster: 'c1', cpus: 1 });
      await collection.insert('n2', { cluster: 'c1', cpus: 2 });
      await collection.insert('n3', { cluster: 'c2', cpus: 1 });
      await collection.insert('n4', { cluster: 'c1' });
      await collection.insert('n5', { cluster: 'c1' });
      await expect(collection.insert('n6', { cluster: 'c1', cpus: 2 })).rejects.toMatchObject({ index: 'slot' });
    });

    test('list and count by an index, by a prefix of it, by null and by a boolean', async () => {
      await collection.insert('b', { cluster: 'c1', place: { rack: 1 }, ready: true });
      await collection.insert('a', { cluster: 'c1', place: { rack: 2 }, ready: false });
      await collection.insert('c', { cluster: 'c2', place: { rack: 1 } });
      await collection.insert('d', {});
      expect(await ids({ where: { index: 'place', equals: ['c1', 1] } })).toEqual(['b']);
      expect(await ids({ where: { index: 'place', equals: ['c1'] } })).toEqual(['a', 'b']);
      expect(await ids({ where: { index: 'place', equals: [null] } })).toEqual(['d']);
      expect(await ids({ where: { index: 'place', equals: ['c1', '1'] } })).toEqual([]);
      expect(await ids({ where: { index: 'ready', equals: [false] } })).toEqual(['a']);
      expect(await collection.count({ index: 'place', equals: ['c1'] })).toBe(2);
      expect(await collection.count()).toBe(4);
    });

    test('a filter that no index serves is refused', async () => {
      await expect(collection.list({ where: { index: 'nope', equals: ['x'] } })).rejects.toBeInstanceOf(InvalidArgument);
      await expect(collection.list({ where: { index: 'name', equals: [] } })).rejects.toBeInstanceOf(InvalidArgument);
      await expect(collection.count({ index: 'name', equals: ['a', 'b'] })).rejects.toBeInstanceOf(InvalidArgument);
      await expect(collection.count({ index: 'name', equals: [{} as never] })).rejects.toBeInstanceOf(InvalidArgument);
      await expect(collection.list({ limit: -1 })).rejects.toBeInstanceOf(InvalidArgument);
    });

    test('pages follow each other in the order of ids, without gap or repeat', async () => {
      const all = Array.from({ length: 25 }, (_, nth) => `n${String((nth * 7) % 25).padStart(2, '0')}`);
      await collection.insertMany(all.map((id) => ({ id, body: { cluster: 'c1' } })));
      const seen: string[] = [];
      for (let page = await ids({ limit: 10 }); page.length > 0; page = await ids({ limit: 10, after: seen.at(-1) ?? '' })) seen.push(...page);
      expect(seen).toEqual([...all].sort());
      expect(await ids({ where: { index: 'place', equals: ['c1'] }, after: 'n20', limit: 2, order: 'id' })).toEqual(['n21', 'n22']);
      expect(await ids({ limit: 0 })).toEqual([]);
    });

    test('odd ids are kept apart and ordered by code point', async () => {
      for (const id of odd) await collection.insert(id, { note: id });
      for (const id of odd) expect((await collection.get(id))?.body.note).toBe(id);
      expect(await ids()).toEqual([...odd].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))));
    });

    test('an id that cannot be stored is refused on insert and absent on read', async () => {
      for (const id of ['', 'a\0b', '\ud800', 'x'.repeat(513)]) {
        await expect(collection.insert(id, {})).rejects.toBeInstanceOf(InvalidArgument);
        expect(await collection.get(id)).toBeUndefined();
        expect(await collection.remove(id)).toBe(false);
        await expect(collection.replace(id, 1, {})).rejects.toBeInstanceOf(NotFound);
      }
    });

    test('any JSON body comes back equal', async () => {
      const anything = store.collection<unknown>({ name: 'anything', parse: (input) => input });
      let next = 0;
      await fc.assert(fc.asyncProperty(fc.jsonValue({ noUnicodeString: false, stringUnit: 'binary' }), async (body) => {
        const id = `x${next++}`;
        await anything.insert(id, body);
        expect((await anything.get(id))?.body).toEqual(JSON.parse(JSON.stringify(body)));
      }), { numRuns: 50 });
    });

    test('a document of 4 MiB', async () => {
      const note = 'é😀'.repeat(700_000);
      await collection.insert('big', { note });
      expect((await collection.get('big'))?.body.note).toBe(note);
    });

    test('the store shares no object with its callers', async () => {
      const body: Node = { cpus: 1 };
      await collection.insert('n1', body);
      body.cpus = 9;
      const read = await collection.get('n1');
      if (read) read.body.cpus = 8;
      expect((await collection.get('n1'))?.body.cpus).toBe(1);
    });

    test('writeAll: each operation stands alone, in order', async () => {
      await collection.insert('old', { name: 'old' });
      const results = await collection.writeAll([
        { kind: 'insert', id: 'n1', body: { name: 'a' } },
        { kind: 'insert', id: 'n2', body: { name: 'a' } },
        { kind: 'replace', id: 'n1', revision: 1, body: { name: 'b' } },
        { kind: 'insert', id: 'n2', body: { name: 'a' } },
        { kind: 'replace', id: 'n2', revision: 9, body: {} },
        { kind: 'replace', id: 'n3', revision: 1, body: {} },
        { kind: 'remove', id: 'old', revision: 1 },
        { kind: 'remove', id: 'old' },
      ]);
      expect(results.map((result) => (result.ok ? ('document' in result ? result.document.revision : result.removed) : result.error.name)))
        .toEqual([1, 'UniqueViolation', 2, 1, 'StaleRevision', 'NotFound', true, false]);
      expect(await ids()).toEqual(['n1', 'n2']);
    });

    test('insertMany reports the clashes and keeps the rest', async () => {
      await collection.insert('n5', {});
      const results = await collection.insertMany(Array.from({ length: 1000 }, (_, nth) => ({ id: `n${nth}`, body: { cpus: nth } })));
      expect(results.filter(({ ok }) => !ok)).toHaveLength(1);
      expect(await collection.count()).toBe(1000);
      expect(await collection.insertMany([])).toEqual([]);
    });

    test('watch hears every commit once, in order, and nothing of a refused write', async () => {
      const heard: Change<Node>[] = [];
      const stop = collection.watch((change) => heard.push(change));
      await collection.insert('n1', { name: 'a' });
      await collection.insert('n1', {}).catch(() => undefined);
      await collection.update('n1', () => ({ name: 'b' }));
      await collection.update('n1', () => undefined);
      await collection.writeAll([{ kind: 'insert', id: 'n2', body: { name: 'b' } }, { kind: 'insert', id: 'n3', body: {} }]);
      await collection.remove('n1');
      await expect.poll(() => heard.length).toBe(4);
      stop();
      await collection.insert('n4', {});
      expect(heard.map(({ id, body }) => [id, body])).toEqual([['n1', { name: 'a' }], ['n1', { name: 'b' }], ['n3', {}], ['n1', undefined]]);
      expect(heard.slice(0, 3).map(({ revision }) => revision)).toEqual([1, 2, 1]);
      expect('body' in (heard[3] ?? {})).toBe(false);
    });

    test('all watchers hear one order, also when one of them writes', async () => {
      const heard: string[] = [];
      const writes: Promise<unknown>[] = [];
      const stops = [
        collection.watch(({ id }) => { if (id === 'n1') writes.push(collection.insert('n2', {})); }),
        collection.watch(({ id }) => heard.push(id)),
      ];
      await collection.insert('n1', {});
      await expect.poll(() => heard).toEqual(['n1', 'n2']);
      await Promise.all(writes);
      for (const stop of stops) stop();
    });

    test('under parallel writers each document is heard in the order of its revisions', async () => {
      const heard = new Map<string, number[]>();
      const stop = collection.watch(({ id, revision }) => heard.set(id, [...(heard.get(id) ?? []), revision]));
      await Promise.all(['a', 'b', 'c'].map((id) => collection.insert(id, { cpus: 0 })));
      await Promise.all(Array.from({ length: 60 }, (_, nth) => collection.update('abc'[nth % 3] ?? 'a', ({ cpus = 0 }) => ({ cpus: cpus + 1 }))));
      await expect.poll(() => [...heard.values()].flat().length).toBe(63);
      stop();
      for (const revisions of heard.values()) expect(revisions).toEqual(Array.from({ length: 21 }, (_, nth) => nth + 1));
    });

    test('reopened, everything is there, and unique still holds', async () => {
      await collection.insert('n1', { name: 'a' });
      await collection.replace('n1', 1, { name: 'b', cluster: 'c1' });
      collection = await reopen();
      expect(await collection.get('n1')).toEqual({ id: 'n1', revision: 2, body: { name: 'b', cluster: 'c1' } });
      await expect(collection.insert('n2', { name: 'b' })).rejects.toMatchObject({ index: 'name' });
      expect(await ids({ where: { index: 'place', equals: ['c1'] } })).toEqual(['n1']);
    });

    test('a changed set of indexes takes hold of the old documents', async () => {
      await collection.insert('n1', { note: 'x', name: 'a' });
      await collection.insert('n2', { note: 'y' });
      await store.close();
      store = await place.open();
      collection = store.collection({ ...nodes, indexes: [{ name: 'note', paths: ['note'], unique: true }] });
      expect(await ids({ where: { index: 'note', equals: ['y'] } })).toEqual(['n2']);
      await collection.insert('n3', { name: 'a' });
      await expect(collection.insert('n4', { note: 'x' })).rejects.toMatchObject({ index: 'note' });
    });

    test('a drifted row names itself and harms no other', async () => {
      await collection.insert('good', { cpus: 1 });
      await collection.insert('bad', { cpus: 2 });
      await store.close();
      store = await place.open();
      collection = store.collection({ ...nodes, parse: (input) => { if ((input as Node).cpus === 2) throw new Error('cpus: too many'); return input as Node; } });
      const corrupt = await collection.get('bad').catch((error: unknown) => error);
      expect(corrupt).toBeInstanceOf(CorruptDocument);
      expect(corrupt).toMatchObject({ collection: 'nodes', id: 'bad' });
      expect(String(corrupt)).toContain('cpus: too many');
      await expect(collection.list()).rejects.toBeInstanceOf(CorruptDocument);
      expect((await collection.get('good'))?.body.cpus).toBe(1);
      expect(await collection.remove('bad')).toBe(true);
      expect(await ids()).toEqual(['good']);
    });

    test('collections are apart; one name has one definition', async () => {
      const others = store.collection({ name: 'others', parse: nodes.parse });
      await collection.insert('n1', { cpus: 1 });
      await others.insert('n1', { cpus: 2 });
      expect((await collection.get('n1'))?.body.cpus).toBe(1);
      expect(store.collection(nodes)).toBe(collection);
      expect(() => store.collection({ ...nodes })).toThrow(InvalidArgument);
      expect(() => store.collection({ name: 'No Such', parse: nodes.parse })).toThrow(InvalidArgument);
      expect(() => store.collection({ name: 'x', parse: nodes.parse, indexes: [{ name: 'p', paths: ["a' OR 1"] }] })).toThrow(InvalidArgument);
    });

    test('closing twice is fine; a closed store says so', async () => {
      await store.close();
      await store.close();
      const refused = await collection.get('n1').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StoreUnavailable);
      expect(refused).toMatchObject({ reason: 'closed' });
      await expect(collection.insert('n1', {})).rejects.toMatchObject({ reason: 'closed' });
      expect(() => store.collection({ ...nodes, name: 'later' })).toThrow(StoreUnavailable);
    });
  });
}
