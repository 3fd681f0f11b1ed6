import { expect, test } from 'vitest';
import { MemoryStore, type MemoryDisk } from './memory-store.ts';
import { storeConformance } from './store-conformance.ts';

storeConformance('memory', () => {
  const disk: MemoryDisk = new Map();
  return Promise.resolve({ open: () => Promise.resolve(new MemoryStore(disk)), destroy: () => Promise.resolve(disk.clear()) });
});

test('what a listener throws is reported with the collection and reaches neither the writer nor the other listeners', async () => {
  const reported: [unknown, string][] = [];
  const store = new MemoryStore(new Map(), (error, collection) => reported.push([error, collection]));
  const collection = store.collection<number>({ name: 'numbers', parse: Number });
  const heard: string[] = [];
  const bug = new Error('bug');
  collection.watch(() => { throw bug; });
  collection.watch(({ id }) => heard.push(id));
  await collection.insert('x', 1);
  expect([reported, heard]).toEqual([[[bug, 'numbers']], ['x']]);
});
