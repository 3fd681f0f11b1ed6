import { expect, test } from 'vitest';
import { NoAnswer, NobodyThere } from '../bus-error.ts';
import { busConformance } from './bus-conformance.ts';
import { MemoryNetwork } from './memory-network.ts';

busConformance('memory', (log) => {
  const network = new MemoryNetwork({ log });
  const names: string[] = [];
  return Promise.resolve({
    connect: (name) => { names.push(name); return Promise.resolve(network.connect(name)); },
    interrupt: () => {
      for (const name of names) network.cut(name);
      for (const name of names) network.restore(name);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
});

const anything = { parse: (input: unknown) => input };
const greeting = { subject: 'greeting.*', payload: anything };
const echo = { subject: 'echo', payload: anything, reply: anything };

test('parted groups hear only themselves and notice nothing; healed, all is as before', async () => {
  const network = new MemoryNetwork();
  const [root, cluster, node] = ['root', 'cluster', 'node'].map((name) => network.connect(name));
  if (!root || !cluster || !node) throw new Error('three were made');
  const heard: unknown[] = [];
  for (const bus of [root, cluster]) bus.subscribe(greeting, [], (payload) => void heard.push([bus.name, payload]));
  root.serve(echo, [], (payload) => payload);
  network.part(['cluster', 'node']);
  node.publish(greeting, 1, 'x');
  await expect(cluster.request(echo, 'a', 10)).rejects.toBeInstanceOf(NobodyThere);
  expect([heard, cluster.status()]).toEqual([[['cluster', 1]], 'connected']);
  network.heal();
  expect(await cluster.request(echo, 'b', 10)).toBe('b');
});

test('what is lost on the way is an answer that never comes; a cut bus loses what it says', async () => {
  const network = new MemoryNetwork();
  const [left, right] = [network.connect('left'), network.connect('right')];
  const heard: unknown[] = [];
  right.subscribe(greeting, [], (payload) => void heard.push(payload));
  right.serve(echo, [], (payload) => payload);
  for (const lost of ['request', 'reply'] as const) {
    network.passes = ({ kind }) => kind !== lost;
    await expect(left.request(echo, 1, 5)).rejects.toBeInstanceOf(NoAnswer);
  }
  network.cut('left');
  left.publish(greeting, 'lost', 'x');
  await expect(left.request(echo, 1, 5)).rejects.toBeInstanceOf(NoAnswer);
  network.restore('left');
  left.publish(greeting, 'back', 'x');
  await left.flush();
  expect(heard).toEqual(['back']);
});

test('copies arrive as often and as late as they are told to, overtaken ones too; of an answer the first counts', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const network = new MemoryNetwork({ after: (ms, run) => { timers.push({ ms, run }); return () => undefined; } });
  const [left, right] = [network.connect('left'), network.connect('right')];
  const heard: unknown[] = [];
  right.subscribe(greeting, [], (payload) => void heard.push(payload));
  right.serve(echo, [], (payload) => { heard.push(payload); return payload; });
  network.copies = () => [30, 0];
  left.publish(greeting, 'slow', 'x');
  network.copies = () => [0];
  left.publish(greeting, 'fast', 'x');
  network.copies = () => [0, 0];
  expect(await left.request(echo, 'twice', 10)).toBe('twice');
  expect(heard).toEqual(['slow', 'fast', 'twice', 'twice']);
  for (const { ms, run } of timers) if (ms === 30) run();
  expect(heard.at(-1)).toBe('slow');
});
