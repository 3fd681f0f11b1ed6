import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startEmbeddedServer, type EmbeddedServer } from './embedded-server.ts';
import { clusterPermissions, nodePermissions, rootPermissions, uplinkPermissions } from './permissions.ts';
import { memoryKeys } from './testing/memory-keys.ts';
import { freePort, RawClient } from './testing/raw-client.ts';
import { RawLeaf } from './testing/raw-leaf.ts';
import { TrustDomain } from './trust-domain.ts';

/** An installation of one hub and one leaf: root and cluster c1 with nodes n1 and n2, each trust domain with keys of its own. */
const undo: (() => Promise<void> | void)[] = [];
const servers: EmbeddedServer[] = [];
const rootDomain = TrustDomain.open('root', memoryKeys());
const clusterDomain = TrustDomain.open('c1', memoryKeys());
let hubPort: number;
let hubLeafPort: number;
let leafPort: number;
const parties = new Map<string, RawClient>();
const party = (name: string): RawClient => { const client = parties.get(name); if (!client) throw new Error(`no party ${name}`); return client; };
const credsOf = {
  root: () => rootDomain.issue('root', rootPermissions()),
  uplink: () => rootDomain.issue('uplink.c1', uplinkPermissions('c1')),
  cluster: () => clusterDomain.issue('cluster.c1', clusterPermissions('c1')),
  node: (name: string) => clusterDomain.issue(`cluster.c1.node.${name}`, nodePermissions('c1', name)),
};

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oak-identity-'));
  undo.push(() => { rmSync(folder, { recursive: true, force: true }); });
  [hubPort, leafPort, hubLeafPort] = [await freePort(), await freePort(), await freePort()];
  mkdirSync(join(folder, 'leaf'), { mode: 0o700 });
  const credentialsFile = join(folder, 'leaf', 'uplink.creds');
  writeFileSync(credentialsFile, credsOf.uplink(), { mode: 0o600 });
  const common = { env: process.env, log: () => undefined };
  const start = async (options: Parameters<typeof startEmbeddedServer>[0]): Promise<void> => {
    const server = await startEmbeddedServer(options);
    undo.push(() => server.stop());
    servers.push(server);
  };
  await start({ ...common, dir: join(folder, 'hub'), name: 'root', listen: { host: '127.0.0.1', port: hubPort }, leafListen: { host: '127.0.0.1', port: hubLeafPort }, domain: rootDomain });
  await start({ ...common, dir: join(folder, 'leaf'), name: 'c1', listen: { host: '127.0.0.1', port: leafPort }, domain: clusterDomain, remote: { url: `nats-leaf://127.0.0.1:${hubLeafPort}`, credentialsFile } });
  for (const [name, port, creds] of [['root', hubPort, credsOf.root()], ['cluster', leafPort, credsOf.cluster()], ['n1', leafPort, credsOf.node('n1')], ['n2', leafPort, credsOf.node('n2')]] as const) {
    const client = await RawClient.connect(port, creds);
    undo.push(() => { client.close(); });
    parties.set(name, client);
  }
  await linkUp();
});
afterAll(async () => { for (const each of undo.reverse()) await each(); });

/** Both ways across the leaf link. */
async function linkUp(): Promise<void> {
  party('root').subscribe('root.cluster.c1.up');
  party('cluster').subscribe('cluster.c1.up');
  await vi.waitFor(async () => {
    party('cluster').publish('root.cluster.c1.up', '');
    party('root').publish('cluster.c1.up', '');
    await Promise.all([party('root').flush(), party('cluster').flush()]);
    expect([party('root').heard.length > 0, party('cluster').heard.length > 0]).toEqual([true, true]);
  }, { timeout: 10_000 });
}

async function isRefused(who: string, act: (client: RawClient) => void): Promise<boolean> {
  const client = party(who);
  const before = client.errors.length;
  act(client);
  await client.flush();
  return client.errors.slice(before).some((error) => error.includes('Permissions Violation'));
}

describe('who may say what', () => {
  test.each([
    ['n1', 'cluster.c1.node.n1.report'], ['cluster', 'cluster.c1.node.n1.assignment'], ['cluster', 'cluster.c1.node.n2.assignment'],
    ['cluster', 'root.cluster.c1.report'], ['root', 'cluster.c1.assignment'], ['root', 'cluster.c2.assignment'],
  ])('%s says %s', async (who, subject) => { expect(await isRefused(who, (client) => { client.publish(subject, '{}'); })).toBe(false); });

  test.each([
    ['n1', 'cluster.c1.node.n2.report'], ['n1', 'cluster.c1.node.n10.report'], ['n1', 'cluster.c1.assignment'], ['n1', 'root.cluster.c1.report'], ['n1', 'cluster.c2.node.n1.report'],
    ['n1', '_INBOX.cluster.c1.x'], ['n1', '_INBOX.node.n2.x'], ['n1', '$SYS.REQ.CLAIMS.UPDATE'], ['n1', 'join.node'],
    ['cluster', 'root.cluster.c2.report'], ['cluster', 'cluster.c2.assignment'], ['cluster', '_INBOX.root.c1.x'], ['cluster', '$SYS.REQ.SERVER.PING'],
    ['root', 'root.cluster.c1.report'], ['root', '_INBOX.cluster.c1.x'],
  ])('%s may not say %s', async (who, subject) => { expect(await isRefused(who, (client) => { client.publish(subject, '{}'); })).toBe(true); });
});

describe('who may hear what', () => {
  test.each([
    ['n1', 'cluster.c1.node.n1.>'], ['n1', '_INBOX.node.n1.x.*'], ['cluster', 'cluster.c1.node.*.report'], ['cluster', 'join.node'], ['cluster', '_INBOX.cluster.c1.*'],
    ['root', 'root.cluster.*.report'], ['root', 'join.cluster'], ['root', '_INBOX.root.c1.*'],
  ])('%s hears %s', async (who, subject) => { expect(await isRefused(who, (client) => { client.subscribe(subject); })).toBe(false); });

  test.each([
    ['n1', '>'], ['n1', 'cluster.c1.>'], ['n1', 'cluster.c1.node.*.assignment'], ['n1', 'cluster.c1.node.n2.assignment'], ['n1', '_INBOX.>'], ['n1', '_INBOX.node.n2.>'], ['n1', '$SYS.>'], ['n1', 'join.node'],
    ['cluster', '>'], ['cluster', 'cluster.c2.>'], ['cluster', '_INBOX.node.n1.>'], ['cluster', 'root.cluster.c1.>'],
    ['root', '>'], ['root', 'cluster.c1.>'], ['root', '_INBOX.>'],
  ])('%s may not hear %s', async (who, subject) => { expect(await isRefused(who, (client) => { client.subscribe(subject); })).toBe(true); });
});

/** `asker` asks on `subject`, `answerer` replies to where the question said; true when the answer came. */
async function isAnswered(asker: string, answerer: string, subject: string, inbox: string): Promise<boolean> {
  const [from, to] = [party(asker), party(answerer)];
  to.subscribe(subject);
  from.subscribe(inbox);
  await Promise.all([to.flush(), from.flush()]);
  const heardBefore = to.heard.length;
  await expect.poll(async () => {
    from.publish(subject, 'question', inbox);
    await Promise.all([from.flush(), to.flush()]);
    return to.heard.length > heardBefore;
  }, { timeout: 10_000 }).toBe(true);
  const { reply } = to.heard.at(-1) ?? { reply: '' };
  for (let tries = 0; tries < 20 && !from.heard.some((message) => message.subject === inbox); tries++) {
    to.publish(reply, 'answer');
    await Promise.all([to.flush(), from.flush()]);
  }
  return from.heard.some((message) => message.subject === inbox && message.text === 'answer');
}

describe('questions and answers', () => {
  test('node and cluster ask each other', async () => {
    expect(await isAnswered('n1', 'cluster', 'cluster.c1.node.n1.register', '_INBOX.node.n1.q1')).toBe(true);
    expect(await isAnswered('cluster', 'n1', 'cluster.c1.node.n1.explain', '_INBOX.cluster.c1.q2')).toBe(true);
  });

  test('cluster and root ask each other across the leaf link', async () => {
    expect(await isAnswered('cluster', 'root', 'root.cluster.c1.register', '_INBOX.cluster.c1.q3')).toBe(true);
    expect(await isAnswered('root', 'cluster', 'cluster.c1.explain', '_INBOX.root.c1.q4')).toBe(true);
  });

  test('root does not reach a node past its cluster', async () => {
    party('n2').subscribe('cluster.c1.node.n2.order');
    await party('n2').flush();
    const before = party('n2').heard.length;
    party('root').publish('cluster.c1.node.n2.order', 'x');
    party('root').publish('cluster.c1.up', 'behind it');
    await party('root').flush();
    await expect.poll(() => party('cluster').heard.some(({ text }) => text === 'behind it'), { timeout: 10_000 }).toBe(true);
    await party('n2').flush();
    expect(party('n2').heard.slice(before)).toEqual([]);
  });
});

describe('who gets in at all', () => {
  test.each([
    ['a node at the hub', () => RawClient.connect(hubPort, credsOf.node('n1'))],
    ['root at a cluster', () => RawClient.connect(leafPort, credsOf.root())],
    ['the uplink as a plain client', () => RawClient.connect(hubPort, credsOf.uplink())],
    ['a stranger with a domain of the same name', () => RawClient.connect(leafPort, TrustDomain.open('c1', memoryKeys()).issue('cluster.c1', clusterPermissions('c1')))],
    ['a JWT with another one\'s key', () => {
      const [jwt, seed] = [credsOf.cluster(), credsOf.node('n1')];
      return RawClient.connect(leafPort, jwt.split('-----BEGIN USER')[0] + '-----BEGIN USER' + (seed.split('-----BEGIN USER')[1] ?? ''));
    }],
    ['nobody', () => RawClient.connect(leafPort, '-----BEGIN USER NKEY SEED-----\n' + (/SEED-+\n(\S+)/.exec(credsOf.node('n1'))?.[1] ?? ''))],
  ])('%s does not', async (_who, connect) => {
    await expect(connect()).rejects.toThrow('Authorization Violation');
  });
});

describe('a leaf that was taken over, with the credentials of one cluster', () => {
  async function withLeaf(use: (leaf: RawLeaf) => Promise<void>): Promise<void> {
    const leaf = await RawLeaf.connect(hubLeafPort, rootDomain.issue('uplink.c3', uplinkPermissions('c3')));
    try {
      await use(leaf);
    } finally {
      leaf.close();
    }
  }

  test('speaks and hears for its own cluster', () => withLeaf(async (leaf) => {
    const root = party('root');
    root.subscribe('root.cluster.*.told');
    await root.flush();
    leaf.say('LS+ cluster.c3.public', 'LMSG root.cluster.c3.told 4', 'mine');
    await leaf.settled();
    await expect.poll(async () => { await root.flush(); return root.heard.some(({ text }) => text === 'mine'); }).toBe(true);
    root.publish('cluster.c3.public', 'public');
    await root.flush();
    await expect.poll(async () => { await leaf.settled(); return leaf.received; }).toContain('LMSG cluster.c3.public');
    expect(leaf.expelled).toBe(false);
  }));

  test.each(['root.cluster.c2.told', 'cluster.c2.assignment', 'cluster.c3.node.n1.assignment', '_INBOX.root.c2.x', 'join.cluster'])('is thrown out when it says %s, and nobody hears it', (subject) => withLeaf(async (leaf) => {
    const root = party('root');
    for (const heard of ['root.cluster.*.told', '_INBOX.root.>', 'join.cluster']) root.subscribe(heard);
    await root.flush();
    leaf.say(`LMSG ${subject} 6`, 'forged');
    await leaf.settled();
    await expect.poll(() => leaf.expelled).toBe(true);
    expect(leaf.received).toContain(`Permissions Violation for Publish to "${subject}"`);
    await root.flush();
    expect(root.heard.filter(({ text }) => text === 'forged')).toEqual([]);
  }));

  test.each(['cluster.c2.secret', 'cluster.*.secret', 'cluster.>', '>'])('does not hear another cluster by subscribing to %s', (subject) => withLeaf(async (leaf) => {
    leaf.say(`LS+ ${subject}`);
    await leaf.settled();
    party('root').publish('cluster.c2.secret', 'secret');
    await party('root').flush();
    await leaf.settled();
    expect(leaf.received).not.toContain('LMSG cluster.c2');
  }));
});
