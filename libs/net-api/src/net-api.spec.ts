import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { NetClient, NetError, serveNet, type Counters, type InstanceNetwork, type Trace, type TraceQuestion, type Attachment, type AttachRequest, type NetService, type NetServing, type NetStatus } from './index.ts';

const id = '0123456789abcdef01234567';
const web: AttachRequest = { instanceId: id, name: 'shop.prod.web.prod.instance.0', ports: [{ hostPort: 8080, targetPort: 80, protocol: 'tcp' }, { hostPort: 53, targetPort: 53, protocol: 'udp' }] };
const ready: NetStatus = { ready: true, problem: '', subnetV4: '10.18.0.0/26', subnetV6: 'fc00::/120', bridge: 'oak0', overlay: { ready: true, problem: '', encryption: '' } };
const network: InstanceNetwork = { applicationId: 'a'.repeat(24), organisation: 'ACME & Söhne', ipv4: '10.30.0.7', ipv6: 'fdff::7' };
const attachmentOf = (request: AttachRequest): Attachment => ({
  ...request, netnsPath: `/run/netns/oak-${request.instanceId}`, ipv4: '10.18.0.2', ipv6: 'fc00::2', gatewayIpv4: '10.18.0.1', gatewayIpv6: 'fc00::1',
  mac: '0a:6b:0a:12:00:02', nameservers: ['10.18.0.1'], searchDomains: ['shop.prod'],
});

/** Keeps what it is told. */
class MemoryNet implements NetService {
  readonly attached = new Map<string, Attachment>();
  readonly listeners = new Set<(status: NetStatus) => void>();
  failure: Error | undefined;
  current = ready;

  async attach(request: AttachRequest): Promise<Attachment> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    const attachment = attachmentOf(request);
    this.attached.set(request.instanceId, attachment);
    return attachment;
  }

  detach(instanceId: string): Promise<void> {
    this.attached.delete(instanceId);
    return Promise.resolve();
  }

  list(): Promise<readonly Attachment[]> {
    return Promise.resolve([...this.attached.values()]);
  }

  status(): NetStatus {
    return this.current;
  }

  watch(listener: (status: NetStatus) => void): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }

  trace(question: TraceQuestion): Promise<Trace> {
    return Promise.resolve({ ok: false, steps: [{ ok: true, step: 'question', text: JSON.stringify(question) }, { ok: false, step: 'backends', text: 'nobody answers' }] });
  }

  counters(): Promise<Counters> {
    return Promise.resolve({ services: [{ serviceId: id, name: 'shop.prod.web.prod', connections: 2 ** 40 }], instances: [{ instanceId: id, rxBytes: 1, txBytes: 2, rxPackets: 3, txPackets: 4, drops: 5 }], names: [{ outcome: 'NOERROR', questions: 2 ** 33 }] });
  }

  become(status: NetStatus): void {
    this.current = status;
    for (const listener of this.listeners) listener(status);
  }
}

const undo: (() => unknown)[] = [];
afterEach(async () => { for (const step of undo.splice(0).toReversed()) await step(); });

function socketPath(): string {
  const dir = mkdtempSync(join(tmpdir(), 'oak-net-api-'));
  undo.push(() => { rmSync(dir, { recursive: true, force: true }); });
  return join(dir, 'net.sock');
}
async function serve(socket: string, service: NetService): Promise<NetServing> {
  const serving = await serveNet(socket, service);
  undo.push(() => serving.close());
  return serving;
}
function clientOf(socket: string, deadlineMs = 10_000): NetClient {
  const client = new NetClient(socket, { deadlineMs, firstPauseMs: 10, longestPauseMs: 50 });
  undo.push(() => { client.close(); });
  return client;
}

describe('the service over a socket', () => {
  test('attach, list, status and detach', async () => {
    const socket = socketPath();
    await serve(socket, new MemoryNet());
    const client = clientOf(socket);
    expect(await client.attach(web)).toEqual(attachmentOf(web));
    expect(await client.list()).toEqual([attachmentOf(web)]);
    expect(await client.status()).toEqual(ready);
    await client.detach(id);
    expect(await client.list()).toEqual([]);
  });

  test('what the overlay must know travels with the attachment and back', async () => {
    const socket = socketPath();
    await serve(socket, new MemoryNet());
    const client = clientOf(socket);
    expect(await client.attach({ ...web, network })).toEqual({ ...attachmentOf(web), network });
    expect((await client.list())[0]?.network).toEqual(network);
  });

  test('a trace and the counters travel whole', async () => {
    const socket = socketPath();
    await serve(socket, new MemoryNet());
    const client = clientOf(socket);
    for (const question of [{ from: id, to: 'web.shop', protocol: 'tcp', port: 80 }, { from: id, to: '10.30.0.1', protocol: 'icmp' }, { from: id, to: 'fdff::1', protocol: 'udp', port: 65_535 }] satisfies TraceQuestion[]) {
      const { ok, steps } = await client.trace(question);
      expect([ok, steps.map((step) => step.ok), JSON.parse(steps[0]?.text ?? '')]).toEqual([false, [true, false], question]);
    }
    expect(await client.counters()).toEqual(await new MemoryNet().counters());
  });

  test.each<[string, Partial<TraceQuestion>, string]>([
    ['no instance', { from: 'web' }, 'from "web" must be'], ['no destination', { to: '' }, 'to "" must be 1 to 255'], ['a long destination', { to: 'x'.repeat(256) }, 'must be 1 to 255'], ['port 65536', { port: 65_536 }, 'port 65536 must be'],
  ])('refuses to trace %s', async (_, change, text) => {
    const socket = socketPath();
    await serve(socket, new MemoryNet());
    await expect(clientOf(socket).trace({ from: id, to: 'web.shop', protocol: 'tcp', port: 80, ...change })).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(text) as string });
  });

  test.each<[string, Partial<AttachRequest>, string]>([
    ['id', { instanceId: 'ABC' }, 'instance_id "ABC" must be 24 lower-case hex characters'],
    ['a name that is a command', { name: 'x\nlink del lo' }, 'name "x\\nlink del lo" must be'],
    ['no name', { name: '' }, 'name "" must be'],
    ['port 0', { ports: [{ hostPort: 0, targetPort: 80, protocol: 'tcp' }] }, 'ports[0].host_port 0 must be 1 to 65535'],
    ['port 70000', { ports: [{ hostPort: 80, targetPort: 70_000, protocol: 'tcp' }] }, 'ports[0].target_port 70000 must be 1 to 65535'],
    ['the tunnel', { ports: [{ hostPort: 50_103, targetPort: 80, protocol: 'udp' }] }, 'ports[0].host_port "50103/udp" is reserved'],
    ['a duplicate', { ports: [{ hostPort: 80, targetPort: 80, protocol: 'tcp' }, { hostPort: 80, targetPort: 81, protocol: 'tcp' }] }, 'ports[1].host_port "80/tcp" is mapped twice'],
    ['an application that is none', { network: { ...network, applicationId: 'shop' } }, 'network.application_id "shop" must be'],
    ['no organisation', { network: { ...network, organisation: '' } }, 'network.organisation "" must be 1 to 64'],
    ['a long organisation', { network: { ...network, organisation: 'x'.repeat(65) } }, 'must be 1 to 64'],
    ['families mixed up', { network: { ...network, ipv4: 'fdff::7' } }, 'network.ipv4 "fdff::7" must be an IPv4 address'],
    ['a zone', { network: { ...network, ipv6: 'fe80::1%eth0' } }, 'network.ipv6 "fe80::1%eth0" must be'],
    ['too many', { ports: Array.from({ length: 65 }, (_, i) => ({ hostPort: i + 1, targetPort: 80, protocol: 'tcp' as const })) }, 'ports 65 must be at most 64'],
  ])('refuses %s at the edge', async (_, change, text) => {
    const socket = socketPath();
    const service = new MemoryNet();
    await serve(socket, service);
    const error: unknown = await clientOf(socket).attach({ ...web, ...change }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'NetError', kind: 'invalid', message: expect.stringContaining(text) as string });
    expect(service.attached.size).toBe(0);
  });

  test('50103/tcp and the same port by both protocols are fine', async () => {
    const socket = socketPath();
    await serve(socket, new MemoryNet());
    const ports = (['tcp', 'udp'] as const).map((protocol) => ({ hostPort: 80, targetPort: 80, protocol })).concat({ hostPort: 50_103, targetPort: 1, protocol: 'tcp' });
    expect((await clientOf(socket).attach({ ...web, ports })).ports).toEqual(ports);
  });

  test.each<[NetError['kind'], Error, string]>([
    ['rejected', new NetError('rejected', 'port 8080/tcp is taken by "blüte" (100 %)'), 'port 8080/tcp is taken by "blüte" (100 %)'],
    ['temporary', new NetError('temporary', 'no subnet yet'), 'no subnet yet'],
    ['invalid', new NetError('invalid', 'no'), 'no'],
    ['bug', new TypeError('x is undefined'), 'net-manager failed: x is undefined'],
  ])('a failure arrives as %s with its text', async (kind, failure, text) => {
    const socket = socketPath();
    const service = new MemoryNet();
    service.failure = failure;
    await serve(socket, service);
    await expect(clientOf(socket).attach(web)).rejects.toMatchObject({ name: 'NetError', kind, message: text });
  });

  test('an aborted call rejects with the reason', async () => {
    const socket = socketPath();
    const service = new MemoryNet();
    service.attach = () => new Promise(() => undefined);
    await serve(socket, service);
    const abort = new AbortController();
    const call = clientOf(socket).attach(web, abort.signal);
    abort.abort(new Error('withdrawn'));
    await expect(call).rejects.toThrow('withdrawn');
    await expect(clientOf(socket).list(abort.signal)).rejects.toThrow('withdrawn');
  });
});

describe('the socket', () => {
  test('is for its owner only and goes away on close', async () => {
    const socket = socketPath();
    const serving = await serve(socket, new MemoryNet());
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await serving.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('a stale one, or a plain file in its place, is taken over; a live one is not', async () => {
    const socket = socketPath();
    writeFileSync(socket, 'left behind');
    await serve(socket, new MemoryNet());
    await expect(serveNet(socket, new MemoryNet())).rejects.toMatchObject({ kind: 'rejected', message: expect.stringContaining(socket) as string });
    expect(await clientOf(socket).status()).toEqual(ready);
  });

  test('garbage does no harm', async () => {
    const socket = socketPath();
    const service = new MemoryNet();
    await serve(socket, service);
    for (const bytes of ['', 'GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\xff\xff\xff', '\0'.repeat(100_000)]) await send(socket, bytes);
    const raw = new Client(`unix://${socket}`, credentials.createInsecure());
    undo.push(() => { raw.close(); });
    for (const body of [Buffer.from([0xff, 0xff, 0xff]), Buffer.alloc(100_000, 0x0a)]) expect(await rawAttach(raw, body)).toBeGreaterThan(0);
    expect(service.attached.size).toBe(0);
    expect(await clientOf(socket).status()).toEqual(ready);
  });

  test('a path that the kernel cannot hold is refused by name', async () => {
    const long = `/tmp/${'x'.repeat(120)}`;
    expect(() => new NetClient(long)).toThrow(/has 125 bytes, at most/);
    await expect(serveNet('net.sock', new MemoryNet())).rejects.toThrow('must be absolute');
  });
});

describe('interruptions', () => {
  test('nobody there: temporary, and says where it looked', async () => {
    const socket = socketPath();
    await expect(clientOf(socket, 50).list()).rejects.toMatchObject({ kind: 'temporary', message: expect.stringContaining(`does not answer on ${socket}`) as string });
  });

  test('a call made while net-manager restarts waits for it', async () => {
    const socket = socketPath();
    const service = new MemoryNet();
    const first = await serve(socket, service);
    const client = clientOf(socket);
    await client.attach(web);
    await first.close();
    const list = client.list();
    await serve(socket, service);
    expect(await list).toEqual([attachmentOf(web)]);
  });

  test('a watch tells the status now, changes, absence and return, once each', async () => {
    const socket = socketPath();
    const service = new MemoryNet();
    const serving = await serve(socket, service);
    const heard: NetStatus[] = [];
    const stop = clientOf(socket).watch((status) => heard.push(status));
    await vi.waitFor(() => { expect(heard).toEqual([ready]); });
    service.become({ ...ready, ready: false, problem: 'no subnet yet' });
    await vi.waitFor(() => { expect(heard.at(-1)?.problem).toBe('no subnet yet'); });
    await serving.close();
    await vi.waitFor(() => { expect(heard.at(-1)).toMatchObject({ ready: false, problem: expect.stringContaining(socket) as string }); });
    service.current = ready;
    await serve(socket, service);
    await vi.waitFor(() => { expect(heard.at(-1)).toEqual(ready); });
    expect(service.listeners.size).toBe(1);
    stop();
    await vi.waitFor(() => { expect(service.listeners.size).toBe(0); });
    const count = heard.length;
    service.become({ ...ready, bridge: 'other' });
    await roundTrip(socket);
    expect(heard).toHaveLength(count);
  });
});

/** One round trip: whatever was sent before has arrived. */
async function roundTrip(socket: string): Promise<void> {
  await clientOf(socket).status();
}

function send(socket: string, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const stream = connect(socket, () => { stream.end(Buffer.from(bytes, 'latin1')); });
    stream.on('error', () => undefined);
    stream.on('close', () => { resolve(); });
    stream.resume();
  });
}

function rawAttach(raw: Client, body: Buffer): Promise<number> {
  return new Promise((resolve) => {
    raw.makeUnaryRequest('/oakestra.net.v1.Net/Attach', (bytes: Buffer) => bytes, (bytes: Buffer) => bytes, body, (error) => { resolve(error?.code ?? 0); });
  });
}
