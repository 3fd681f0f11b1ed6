import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { expect, test } from 'vitest';
import { BusStrategy, type StrategyOptions } from './bus-strategy.ts';
import type { MessageContext } from './bus.ts';
import { Rejected } from './bus-error.ts';
import { OnEvent, OnRequest } from './decorators.ts';
import { MemoryNetwork } from './testing/memory-network.ts';

const number = { parse: (input: unknown): number => { if (typeof input !== 'number') throw new Error('a number is required'); return input; } };
const said = { subject: 'cluster.*.node.*.said', payload: number };
const half = { subject: 'cluster.*.half', payload: number, reply: number };
const heard: [number, MessageContext][] = [];

@Controller()
class Listener {
  @OnEvent(said)
  hear(payload: number, context: MessageContext): void {
    heard.push([payload, context]);
  }

  @OnRequest(half)
  async halve(payload: number, { tokens }: MessageContext): Promise<number> {
    if (payload % 2 !== 0) throw new Rejected(422, `${payload} is odd in ${tokens[0]}`);
    if (payload < 0) throw new Error('secret');
    return Promise.resolve(payload / 2);
  }
}

@Controller()
class Twin {
  @OnEvent(said)
  hear(): void {
    throw new Error('never called');
  }
}

async function withApp(controllers: Type[], options: StrategyOptions, use: (app: INestMicroservice, network: MemoryNetwork) => Promise<void>): Promise<void> {
  const network = new MemoryNetwork({ log: { log: () => undefined, warn: () => undefined, error: () => undefined } });
  class Root {}
  Reflect.defineMetadata('controllers', controllers, Root);
  const app = await NestFactory.createMicroservice(Root, { strategy: new BusStrategy(network.connect('app'), ['c1'], options), logger: false });
  try {
    await use(app, network);
  } finally {
    await app.close();
  }
}

test('handlers get the payload and who speaks; the application\'s own name fills the first wildcard', async () => withApp([Listener], { served: [said, half] }, async (app, network) => {
  await app.listen();
  const other = network.connect('other');
  other.publish(said, 1, 'c2', 'n1');
  other.publish(said, 2, 'c1', 'n1');
  await expect.poll(() => heard).toEqual([[2, { subject: 'cluster.c1.node.n1.said', tokens: ['c1', 'n1'] }]]);
  expect(await other.request(half, 4, 1000, 'c1')).toBe(2);
  await expect(other.request(half, 3, 1000, 'c1')).rejects.toMatchObject({ code: 422, message: '3 is odd in c1' });
  await expect(other.request(half, -2, 1000, 'c1')).rejects.toMatchObject({ code: 500, message: 'internal error' });
  await expect(other.request(half, 4, 1000, 'c2')).rejects.toMatchObject({ name: 'NobodyThere' });
  await app.close();
  await expect(other.request(half, 4, 1000, 'c1')).rejects.toMatchObject({ name: 'NobodyThere' });
}));

test('a subject without a handler, or with two, keeps the application from starting', async () => {
  await withApp([Listener], { served: [said, half, { subject: 'cluster.*.forgotten' }] }, async (app) => {
    await expect(app.listen()).rejects.toThrow('no handler for cluster.*.forgotten');
  });
  await withApp([Listener, Twin], { served: [said] }, async (app) => {
    await expect(app.listen()).rejects.toThrow('more than one handler for cluster.*.node.*.said');
  });
});
