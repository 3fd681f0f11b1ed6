import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBus } from './connect-bus.ts';
import { BusClosed } from './bus-error.ts';
import type { Bus, BusLog } from './bus.ts';
import { busConformance } from './testing/bus-conformance.ts';
import { NatsServer } from './testing/nats-server.ts';

busConformance('nats', async (log) => {
  const server = await NatsServer.start();
  return {
    connect: (name) => connectBus({ servers: server.url, name, inboxPrefix: `_INBOX.${name}`, retryMs: 20, log }),
    interrupt: async () => { await server.halt(); await server.resume(); },
    close: () => server.stop(),
  };
});

const silent: BusLog = { log: () => undefined, warn: () => undefined, error: () => undefined };
const anything = { parse: (input: unknown) => input };
const echo = { subject: 'echo', payload: anything, reply: anything };
const note = { subject: 'note.*', payload: anything };
let server: NatsServer;
beforeAll(async () => { server = await NatsServer.start(); });
afterAll(() => server.stop());

async function withBus(use: (bus: Bus) => Promise<void>): Promise<void> {
  const bus = await connectBus({ servers: server.url, name: 'test', inboxPrefix: '_INBOX.test', log: silent });
  try {
    await use(bus);
  } finally {
    await bus.drain();
  }
}

test('a foreign client takes part in plain JSON', async () => withBus(async (bus) => {
  const foreign = await connect({ servers: server.url });
  try {
    const heard: unknown[] = [];
    bus.serve(echo, [], (payload) => ({ echo: payload }));
    bus.subscribe(note, [], (payload) => void heard.push(payload));
    await bus.flush();
    expect((await foreign.request('echo', '{"a":1}', { timeout: 5000 })).string()).toBe('{"echo":{"a":1}}');
    expect((await foreign.request('echo', '{nonsense', { timeout: 5000 })).headers?.get('Nats-Service-Error-Code')).toBe('400');
    foreign.publish('note.x', '{nonsense');
    foreign.publish('note.x', '7');
    await expect.poll(() => heard).toEqual([7]);
    foreign.subscribe('echo2', { callback: (_error, message) => { message.respond('[1,2]'); } });
    await foreign.flush();
    expect(await bus.request({ ...echo, subject: 'echo2' }, 'x', 5000)).toEqual([1, 2]);
  } finally {
    await foreign.close();
  }
}));

test('in the background it works without a server, and tells when one comes', async () => {
  const late = await NatsServer.start();
  await late.halt();
  const said: string[] = [];
  const bus = await connectBus({ servers: late.url, name: 'early', inboxPrefix: '_INBOX.early', background: true, retryMs: 10, log: { ...silent, warn: (message) => void said.push(message) } });
  try {
    let back = 0;
    const heard: unknown[] = [];
    bus.onReconnect(() => { back++; });
    bus.subscribe(note, [], (payload) => void heard.push(payload));
    bus.publish(note, 'lost', 'x');
    await expect(bus.request(echo, 1, 50)).rejects.toMatchObject({ name: 'NobodyThere' });
    expect(bus.status()).toBe('connecting');
    await expect.poll(() => said.length).toBe(1);
    expect(said[0]).toContain(`cannot connect to the bus at ${late.url} yet`);
    await late.resume();
    await expect.poll(() => back, { timeout: 10_000 }).toBe(1);
    bus.publish(note, 'heard', 'x');
    await expect.poll(() => heard).toEqual(['heard']);
    expect(said).toHaveLength(1);
  } finally {
    await bus.drain();
    await late.stop();
  }
});

test('the signal gives up a connection that never comes', async () => {
  const gone = await NatsServer.start();
  await gone.halt();
  try {
    const giveUp = new AbortController();
    const connecting = connectBus({ servers: gone.url, name: 'never', inboxPrefix: '_INBOX.never', retryMs: 10, signal: giveUp.signal, log: silent });
    giveUp.abort();
    await expect(connecting).rejects.toBeInstanceOf(BusClosed);
  } finally {
    await gone.stop();
  }
});

test('bad credentials are named at once', async () => {
  await expect(connectBus({ servers: server.url, name: 'x', inboxPrefix: '_INBOX.x', credentials: 'nothing', log: silent })).rejects.toThrow('no block "NATS USER JWT"');
});

test('draining while the server is away ends', async () => {
  const shaky = await NatsServer.start();
  const bus = await connectBus({ servers: shaky.url, name: 'shaky', inboxPrefix: '_INBOX.shaky', retryMs: 10, log: silent });
  try {
    await shaky.halt();
    await expect.poll(() => bus.status()).toBe('reconnecting');
  } finally {
    await bus.drain();
    await shaky.stop();
  }
  expect(bus.status()).toBe('closed');
});
