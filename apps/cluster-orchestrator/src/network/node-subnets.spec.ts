import { nodeBlock, type NodeSubnet } from '@oak/addressing';
import { MemoryStore } from '@oak/store/testing';
import { expect, test } from 'vitest';
import { blocksCollection, NodeSubnets, subnetsCollection } from './node-subnets.ts';

function subnets(gone = new Set<string>(), store = new MemoryStore(), alone?: readonly NodeSubnet[]): NodeSubnets {
  return new NodeSubnets({ subnets: store.collection(subnetsCollection), blocks: store.collection(blocksCollection), isGone: (node) => gone.has(node), alone });
}

test('a node keeps its subnet, gets one more when it is full, and no two nodes share one', async () => {
  const one = subnets();
  await expect(one.of('n1', false)).rejects.toThrow('waits for root');
  await one.learn([nodeBlock(1)!]);
  const [first] = await Promise.all([one.of('n1', false), one.of('n2', false), one.of('n3', false)]);
  expect(await one.of('n1', false)).toEqual(first);
  const grown = await one.of('n1', true);
  expect(grown).toHaveLength(2);
  expect(grown[0]).toEqual(first[0]);
  const all = [...grown, ...await one.known('n2'), ...await one.known('n3')];
  expect(new Set(all.map(({ v4 }) => v4)).size).toBe(4);
});

test('a node asks for no more than its messages can carry', async () => {
  const one = subnets();
  await one.learn([nodeBlock(0)!]);
  await one.of('n1', false);
  for (let n = 1; n < 16; n++) await one.of('n1', true);
  await expect(one.of('n1', true)).rejects.toThrow('node n1 has 16 subnets already');
  expect(await one.known('n1')).toHaveLength(16);
});

test('a cluster that worked alone takes only what root gives when it joins one', async () => {
  const store = new MemoryStore();
  const alone = subnets(new Set(), store, [nodeBlock(0)!, nodeBlock(1)!]);
  const [first] = await alone.of('n1', false);
  expect(first?.v4).toBe('10.18.0.0/26');
  const joined = subnets(new Set(), store);
  expect([await joined.wanted(), await joined.known('n1')]).toEqual([1, []]);
  await joined.learn([nodeBlock(5)!]);
  expect((await joined.of('n1', false)).map(({ v4 }) => v4)).toEqual(['10.18.40.0/26']);
});

test('another block is asked for in time, and learnt once', async () => {
  const one = subnets();
  expect(await one.wanted()).toBe(1);
  await one.learn([nodeBlock(0)!]);
  await one.learn([nodeBlock(0)!]);
  expect(await one.wanted()).toBe(1);
  for (let n = 0; n < 25; n++) await one.of(`n${n}`, false);
  expect(await one.wanted()).toBe(2);
});

test('when all are in use, the ranges of a node that is gone serve the next; who is not gone keeps them', async () => {
  const gone = new Set<string>();
  const one = subnets(gone);
  await one.learn([nodeBlock(0)!]);
  for (let n = 0; n < 32; n++) await one.of(`n${n}`, false);
  await expect(one.of('late', false)).rejects.toThrow('every subnet for nodes is in use');
  gone.add('n7');
  const [seventh] = await one.known('n7');
  expect(await one.of('late', false)).toEqual([seventh]);
  expect(await one.known('n7')).toEqual([]);
});
