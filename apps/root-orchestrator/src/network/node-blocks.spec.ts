import { MemoryStore } from '@oak/store/testing';
import { expect, test } from 'vitest';
import { blocksCollection, NodeBlocks } from './node-blocks.ts';

test('no two clusters get the same block, a cluster keeps its own, and the plan has an end', async () => {
  const collection = new MemoryStore().collection(blocksCollection);
  const plan = { v4: ['10.18.0.0/19'], v6: 'fc00::/64' };
  const roots = [new NodeBlocks(collection, plan), new NodeBlocks(collection, plan)];
  const [a, b] = await Promise.all([roots[0]!.of('c1', 2), roots[1]!.of('c2', 1)]);
  expect([...a, ...b].map(({ v4 }) => v4).toSorted()).toEqual(['10.18.0.0/21', '10.18.16.0/21', '10.18.8.0/21']);
  expect(await roots[1]!.of('c1', 1)).toEqual(expect.arrayContaining(a));
  expect(await roots[0]!.of('c2', 5)).toHaveLength(2);
});

test('it knows whose an address is, also after a restart', async () => {
  const collection = new MemoryStore().collection(blocksCollection);
  await new NodeBlocks(collection).of('c1', 1);
  const blocks = new NodeBlocks(collection);
  expect(blocks.has('c1', '10.18.0.2')).toBe(false);
  await blocks.load();
  expect(['10.18.0.2', '10.18.7.192/26', 'fc00::1f00/120', '10.18.8.0', '10.19.0.0/26', 'nonsense'].map((range) => blocks.has('c1', range))).toEqual([true, true, true, false, false, false]);
  expect(blocks.has('c2', '10.18.0.2')).toBe(false);
});
