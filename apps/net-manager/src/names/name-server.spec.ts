import { realClock } from '@oak/reconcile';
import { decode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { frameOf, framesOf } from './frames.ts';
import { NameServer, type NameServerOptions } from './name-server.ts';
import { bits, rcodes } from './query.ts';
import { collect } from './testing/collect.ts';
import { question } from './testing/question.ts';
import { serviceRoute } from './testing/service-route.ts';
import { startUpstream, type Answering, type UpstreamServer } from './testing/upstream-server.ts';

vi.setConfig({ testTimeout: 60_000 });

const caller = { applicationId: 'a'.repeat(24), organisation: 'acme', application: 'shop', namespace: 'prod' };
const instances = Array.from({ length: 60 }, (_, at) => ({ id: String(at).padStart(24, 'b'), instanceNumber: at, ipv4: `10.30.8.${at}`, ipv6: `fdff:2::${at}`, namespaceIpv4: '10.18.0.2', cluster: 'c', node: 'n' }));
const routes = [serviceRoute('shop.prod.db.back', 1, { applicationId: caller.applicationId, backends: instances }), serviceRoute('else.prod.secret.back', 2)];

/** Undone after each test, the last one first. */
let undo: (() => Promise<unknown>)[] = [];
let told: string[];
beforeEach(() => { told = []; });
afterEach(async () => {
  for (const one of undo.toReversed()) await one();
  undo = [];
});

async function upstream(answering: Answering): Promise<UpstreamServer> {
  const server = await startUpstream(answering);
  undo.push(() => server.stop());
  return server;
}

async function serve(upstreams: readonly string[] = [], changes: Partial<NameServerOptions> = {}): Promise<{ server: NameServer; resolver: Resolver; port: number }> {
  const server = new NameServer({
    addresses: () => ['127.0.0.1'], port: 0, caller: (ip) => (ip === '127.0.0.1' ? caller : undefined), routes: () => routes, upstreams: () => upstreams, clock: realClock, log: (text) => { told.push(text); }, ...changes,
  });
  undo.push(() => server.stop());
  await server.refresh();
  const port = server.bound()[0]?.port ?? 0;
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return { server, resolver, port };
}

/** Sends packets from one socket and returns the first answers. */
async function byUdp(port: number, packets: readonly Buffer[], answers: number, from = '127.0.0.1'): Promise<Buffer[]> {
  const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4');
  try {
    const got: Buffer[] = [];
    const all = new Promise<void>((resolve) => { socket.on('message', (answer) => { if (got.push(answer) === answers) resolve(); }); });
    socket.bind(0, from);
    await once(socket, 'listening');
    for (const packet of packets) await new Promise((resolve) => { socket.send(packet, port, from.includes(':') ? from : '127.0.0.1', resolve); });
    await all;
    return got;
  } finally {
    socket.close();
  }
}

const rcodeOf = (packet: Buffer | undefined): number | undefined => packet && packet.readUInt16BE(2) & bits.rcode;
const givesAddress = (address: string): Answering => ({ question: { name, type } }) => ({ answers: type === 'A' ? [{ type: 'A', name, ttl: 60, data: address }] : [] });

describe('a name server', () => {
  it('answers a resolver about our names, and asks nobody', async () => {
    const other = await upstream(givesAddress('192.0.2.1'));
    const { resolver, server } = await serve([other.name]);
    expect(await resolver.resolve4('db.shop', { ttl: true })).toEqual([{ address: '10.30.0.1', ttl: 5 }]);
    expect(await resolver.resolve6('db.back.shop.prod.oak.internal')).toEqual(['fdff::1']);
    expect(await resolver.resolve4('7._instance.db.shop')).toEqual(['10.30.8.7']);
    expect(await resolver.reverse('10.30.0.1')).toEqual(['db.back.shop.prod.oak.internal']);
    expect(await resolver.resolveSoa('oak.internal')).toMatchObject({ nsname: 'ns.oak.internal', minttl: 2 });
    await expect(resolver.resolve4('secret.else.oak.internal')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolveMx('db.shop')).rejects.toMatchObject({ code: 'ENODATA' });
    expect(other.asked).toEqual([]);
    expect(server.counts()).toEqual({ NOERROR: 6, NXDOMAIN: 1 });
  });

  it('sends a resolver to TCP when an answer is large', async () => {
    const { resolver, server } = await serve();
    expect((await resolver.resolve4('_instance.db.shop')).toSorted()).toEqual(instances.map(({ ipv4 }) => ipv4).toSorted());
    expect(server.counts()).toEqual({ NOERROR: 2 });
  });

  it('has all other names answered by the upstream, whatever their type', async () => {
    const other = await upstream(({ question: { name, type } }) => (type === 'TXT' ? { answers: [{ type, name, ttl: 60, data: 'hello' }] } : { flags: 3 }));
    const { resolver, server } = await serve([other.name]);
    expect(await resolver.resolveTxt('example.com')).toEqual([['hello']]);
    await expect(resolver.resolve4('nothing.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(other.asked.map(({ question: { name, type } }) => `${name} ${type}`)).toEqual(['example.com TXT', 'nothing.example A']);
    expect(server.counts()).toEqual({ forwarded: 2 });
  });

  it('asks by TCP for who asks by TCP, and passes large answers on', async () => {
    const texts = Array.from({ length: 100 }, (_, at) => `text ${at} ${'x'.repeat(100)}`);
    const other = await upstream(({ question: { name }, transport }): Packet => (transport === 'udp' ? { flags: bits.truncated } : { answers: texts.map((data) => ({ type: 'TXT', name, ttl: 60, data })) }));
    const { resolver } = await serve([other.name]);
    expect(await resolver.resolveTxt('long.example')).toEqual(texts.map((text) => [text]));
    expect(other.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  it('cuts what an upstream sends beyond the size that was asked for', async () => {
    const other = await upstream(({ question: { name } }) => ({ answers: Array.from({ length: 40 }, () => ({ type: 'TXT' as const, name, ttl: 1, data: 'x'.repeat(40) })) }));
    const { port } = await serve([other.name]);
    const [answer] = await byUdp(port, [question('large.example', 'TXT')], 1);
    expect(decode(answer as Buffer)).toMatchObject({ id: 1, flag_tc: true, answers: [], questions: [{ name: 'large.example' }] });
  });

  it('asks the next upstream when one is silent, absent or says that it cannot, and remembers who answered', async () => {
    const timers: (() => void)[] = [];
    const silent = await upstream(() => { timers.at(-1)?.(); return undefined; });
    const unable = await upstream(() => ({ flags: rcodes.SERVFAIL }));
    const gone = await startUpstream(() => undefined);
    await gone.stop();
    const good = await upstream(givesAddress('192.0.2.1'));
    const { resolver } = await serve([silent.name, unable.name, gone.name, good.name], { clock: { ...realClock, after: (_ms, run) => { timers.push(run); return () => undefined; } } });
    expect(await resolver.resolve4('one.example')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve4('two.example')).toEqual(['192.0.2.1']);
    expect([silent, unable, good].map(({ asked }) => asked.length)).toEqual([1, 1, 2]);
  });

  it('says that it cannot when nobody answers', async () => {
    const silent = await upstream(() => undefined);
    const { port, server } = await serve([silent.name, 'nonsense', '192.0.2.1#99999'], { upstreamTimeoutMs: 50 });
    const [answer] = await byUdp(port, [question('one.example', 'A')], 1);
    expect(rcodeOf(answer)).toBe(rcodes.SERVFAIL);
    expect(server.counts()).toEqual({ SERVFAIL: 1 });
    expect(told).toEqual(['nonsense', '192.0.2.1#99999'].map((text) => `names: ${text} is no name server: an address, or an address#port`));
  });

  it('passes on that nobody can', async () => {
    const refusing = await upstream(() => ({ flags: rcodes.REFUSED }));
    const { port } = await serve([refusing.name, refusing.name]);
    expect((await byUdp(port, [question('one.example', 'A')], 1)).map(rcodeOf)).toEqual([rcodes.REFUSED]);
    expect(refusing.asked).toHaveLength(2);
  });

  it('never asks itself', async () => {
    const own: string[] = [];
    const { port, server } = await serve(own);
    own.push(`127.0.0.1#${port}`);
    expect((await byUdp(port, [question('one.example', 'A')], 1)).map(rcodeOf)).toEqual([rcodes.SERVFAIL]);
    expect(server.counts()).toEqual({ SERVFAIL: 1 });
  });

  it('asks once for the same question of many, in the same letters, from another port with another id each time, and tells nothing of who asks', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const other = await upstream(async (asked) => { await promise; return givesAddress('192.0.2.1')(asked); });
    const { port, server } = await serve([other.name]);
    const packets = Array.from({ length: 40 }, (_, id) => question(id % 2 ? 'same.example' : 'Same.Example', 'A', { id }));
    const answers = byUdp(port, packets, 40);
    await vi.waitFor(() => { expect(other.asked).toHaveLength(2); }, 20_000);
    resolve();
    const got = (await answers).map((answer) => decode(answer)).toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0));
    expect(got.map(({ id, questions }) => [id, questions?.[0]?.name])).toEqual(packets.map((_, id) => [id, id % 2 ? 'same.example' : 'Same.Example']));
    expect(server.counts().forwarded).toBe(40);
    const cookie = { type: 'OPT' as const, name: '.' as const, udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [{ code: 10, data: Buffer.from('cookie00') }] as never[] };
    for (let at = 0; at < 20; at++) await byUdp(port, [question(`${at}.example`, 'A', { additionals: [cookie] })], 1);
    const later = other.asked.slice(-20);
    expect(later.map(({ packet }) => packet.additionals)).toEqual(Array(20).fill([expect.objectContaining({ type: 'OPT', udpPayloadSize: 1232, options: [] })]));
    for (const varied of [later.map((asked) => asked.port), later.map(({ packet }) => packet.id)]) expect(new Set(varied).size).toBeGreaterThan(15);
  });

  it('believes no answer with another id or another question', async () => {
    const forged = await upstream(({ packet }) => {
      const { id = 0 } = packet;
      return Buffer.from([...[id >> 8, (id & 255) ^ 1], 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
    });
    const strange = await upstream(() => ({ questions: [{ name: 'other.example', type: 'A' }], answers: [{ type: 'A', name: 'other.example', data: '192.0.2.66' }] }));
    const { port } = await serve([forged.name, strange.name], { upstreamTimeoutMs: 50 });
    expect((await byUdp(port, [question('one.example', 'A')], 1)).map(rcodeOf)).toEqual([rcodes.SERVFAIL]);
  });

  it('refuses everybody who is no instance of this node', async () => {
    const other = await upstream(givesAddress('192.0.2.1'));
    const { port, server } = await serve([other.name]);
    const answers = await byUdp(port, [question('db.shop', 'A'), question('one.example', 'A'), Buffer.alloc(12)], 3, '127.0.0.2');
    expect(answers.map(rcodeOf)).toEqual([5, 5, 5]);
    expect(other.asked).toEqual([]);
    expect(server.counts()).toEqual({ REFUSED: 3 });
  });

  it('lets one caller wait for 128 answers, and refuses more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const other = await upstream(async () => { await promise; return {}; });
    const { port, server } = await serve([other.name]);
    const answers = byUdp(port, Array.from({ length: 130 }, (_, at) => question(`${at}.example`, 'A')), 130);
    await vi.waitFor(() => { expect(server.counts().SERVFAIL).toBe(2); }, 20_000);
    resolve();
    expect((await answers).map(rcodeOf).filter((rcode) => rcode === 0)).toHaveLength(128);
  });

  it('answers several questions of a connection in turn, also when the caller has closed its half', async () => {
    const { port } = await serve();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.end(Buffer.concat(['db.shop', 'nothing.oak.internal', 'db.shop'].map((name, id) => frameOf(question(name, 'A', { id })))));
    const answers = await collect(framesOf(socket));
    expect(answers.map((answer) => [answer.readUInt16BE(0), rcodeOf(answer)])).toEqual([[0, 0], [1, 3], [2, 0]]);
  });

  it('lets one caller hold 16 connections, and none for long', async () => {
    const ends: (() => void)[] = [];
    const { port } = await serve([], { clock: { ...realClock, after: (_ms, run) => { ends.push(run); return () => undefined; } } });
    const sockets = Array.from({ length: 17 }, () => connect({ port, host: '127.0.0.1' }));
    undo.push(() => Promise.resolve(sockets.forEach((socket) => { socket.destroy(); })));
    const closed = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
    await Promise.race(closed);
    await vi.waitFor(() => { expect(ends).toHaveLength(16); }, 20_000);
    expect(sockets.filter((socket) => socket.closed)).toHaveLength(1);
    for (const end of ends) end();
    await Promise.all(closed);
  });

  it('lives on when callers that never read are reset, and when their time is over', async () => {
    const ends: (() => void)[] = [];
    const { port, server } = await serve([], { clock: { ...realClock, after: (_ms, run) => { ends.push(run); return () => undefined; } } });
    const answered = (): number => server.counts().NOERROR ?? 0;
    /** Asks and reads nothing; resolves when no more is answered: by then the server is done, or waits for room. */
    const deaf = async (packets: readonly Buffer[]): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1' });
      undo.push(() => Promise.resolve(socket.destroy()));
      await once(socket, 'connect');
      socket.write(Buffer.concat(packets.map(frameOf)));
      for (let before = -1; before !== answered(); await sleep(100)) before = answered();
      return socket;
    };
    const large = question('_instance.db.shop', 'A');
    const noQuestion = Buffer.from(large);
    noQuestion.writeUInt16BE(bits.response, 2);
    (await deaf(Array.from({ length: 20_000 }, () => large))).resetAndDestroy();
    const most = answered();
    expect(most).toBeLessThan(20_000);
    // So much less that some of it still waits for room when the packet comes at which the server hangs up.
    for (const less of [5, 15, 25, 35, 45]) (await deaf([...Array.from({ length: most - less }, () => large), noQuestion])).resetAndDestroy();
    await deaf(Array.from({ length: 20_000 }, () => large));
    for (const end of ends) end();
    expect((await byUdp(port, [question('db.shop', 'A')], 1)).map(rcodeOf)).toEqual([0]);
    await server.stop();
  });

  it('hangs up on who sends something else by TCP', async () => {
    const { port, server } = await serve();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\n\r\n');
    expect(await collect(framesOf(socket))).toEqual([]);
    expect(server.counts()).toEqual({});
  });

  it('serves IPv6, follows its addresses and starts anew', async () => {
    let addresses = ['127.0.0.1', '::1'];
    const { server } = await serve([], { addresses: () => addresses, caller: () => caller });
    const six = server.bound().find(({ address }) => address === '::1')?.port ?? 0;
    expect((await byUdp(six, [question('db.shop', 'AAAA')], 1, '::1')).map(rcodeOf)).toEqual([0]);
    addresses = ['127.0.0.1', '127.0.0.3'];
    await Promise.all([server.refresh(), server.refresh()]);
    expect(server.bound().map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.3']);
    await server.stop();
    expect(server.bound()).toEqual([]);
    await server.refresh();
    expect(server.bound()).toHaveLength(2);
  });

  it('names the addresses that it cannot have, and serves the others', async () => {
    const taken = await upstream(() => undefined);
    const { server } = await serve();
    const second = new NameServer({ addresses: () => ['192.0.2.1', '127.0.0.4', '127.0.0.1'], port: Number(taken.name.split('#')[1]), caller: () => caller, routes: () => routes, upstreams: () => [], clock: realClock, log: () => undefined });
    undo.push(() => second.stop());
    await expect(second.refresh()).rejects.toThrow(/^names cannot be served on 192\.0\.2\.1 port \d+: .*EADDRNOTAVAIL.*; names cannot be served on 127\.0\.0\.1 port \d+: .*EADDRINUSE/);
    expect(second.bound().map(({ address }) => address)).toEqual(['127.0.0.4']);
    expect(server.bound()).toHaveLength(1);
  });

  it('ends its waits when it stops', async () => {
    const silent = await upstream(() => undefined);
    const { port, server } = await serve([silent.name], { upstreamTimeoutMs: 600_000 });
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(frameOf(question('one.example', 'A')));
    await vi.waitFor(() => { expect(silent.asked).toHaveLength(1); }, 20_000);
    await server.stop();
    expect(server.counts()).toEqual({ SERVFAIL: 1 });
    socket.destroy();
  });

  it('says once that routes could not be read, and answers again when they can', async () => {
    let broken = true;
    const { port } = await serve([], { routes: () => { if (broken) throw new Error('no routes'); return routes; } });
    const ask = async (): Promise<number | undefined> => rcodeOf((await byUdp(port, [question('db.shop', 'A')], 1))[0]);
    expect([await ask(), await ask()]).toEqual([2, 2]);
    broken = false;
    expect(await ask()).toBe(0);
    expect(told).toEqual(['names: a question is not answered: Error: no routes']);
  });

  it('lives through any packets, by UDP and by TCP', async () => {
    const other = await upstream(() => ({}));
    const { port, resolver } = await serve([other.name]);
    const packets = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.array(fc.tuple(fc.nat(24), fc.nat(255)), { maxLength: 4 }).map((places) => {
      const packet = question('db.shop', 'A');
      for (const [at, byte] of places) packet[at] = byte;
      return packet;
    })), 500).map((bytes) => Buffer.from(bytes));
    await byUdp(port, [...packets, question('db.shop', 'A')], 1);
    for (const packet of packets.slice(0, 50)) {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.end(fc.sample(fc.boolean(), 1)[0] ? packet : frameOf(packet));
      socket.resume();
      await once(socket, 'close');
    }
    expect(await resolver.resolve4('db.shop')).toEqual(['10.30.0.1']);
    expect(told).toEqual([]);
  });
});
