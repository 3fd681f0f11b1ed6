import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PeerRoute } from '@oak/contracts';
import type { Attachment, NetClient } from '@oak/net-api';
import { backendOf, peerOf, serviceOf, TestCluster } from './testing/test-cluster.ts';
import type { TestMachine } from './testing/test-machine.ts';

const dir = mkdtempSync(join(tmpdir(), 'oak-net-encryption-'));
const tools = process.env['OAK_TOOLS_DIR'] ?? join(homedir(), '.cache/oakestra/bin');
let cluster: TestCluster;
let here: TestMachine;
let there: TestMachine;
let [near, far]: [NetClient, NetClient] = [undefined as never, undefined as never];
const env = new Map<TestMachine, Record<string, string | undefined>>();
const netns = ({ netnsPath }: Attachment): string => netnsPath.replace('/run/netns/', '');
let [a, c]: [Attachment, Attachment] = [undefined as never, undefined as never];
let url = '';

/** What the node last told the cluster to be its key. */
const keyOf = ({ number }: TestMachine) => cluster.asked.findLast(({ node }) => node === `n${number}`)?.question.publicKey;
const peer = (machine: TestMachine, change: Partial<PeerRoute> = {}): PeerRoute => ({ ...peerOf(machine), ...change });
const withKey = (machine: TestMachine): PeerRoute => peer(machine, { publicKey: keyOf(machine) ?? '' });
/** Packets of VXLAN that reach the machine in the clear, whatever becomes of them. */
const inClear = async (machine: TestMachine) => Number(/packets (\d+)/.exec(await machine.sh(machine.node, 'nft list counter inet oaktest clear'))?.[1]);
const answer = () => here.ask(netns(a), url, 1500);
const answers = () => vi.waitFor(async () => { expect(await answer()).toBe(`c to ${a.network?.ipv4}`); }, { timeout: 20_000, interval: 100 });

async function restart(machine: TestMachine, change: Record<string, string>): Promise<NetClient> {
  await machine.end('SIGTERM');
  return machine.start({ ...env.get(machine), ...change });
}

beforeAll(async () => {
  ({ cluster, here, there } = await TestCluster.withTwo(dir));
  for (const machine of [here, there]) {
    const device = `oakwg${randomBytes(4).toString('hex')}`;
    env.set(machine, { ...await cluster.join(machine), PATH: `${tools}:${process.env['PATH']}`, OAK_WIREGUARD_DEVICE: device });
    await machine.sh(machine.node, 'nft "add table inet oaktest; add counter inet oaktest clear; add chain inet oaktest in { type filter hook prerouting priority -400; }; add rule inet oaktest in iifname wan udp dport 50103 counter name clear"');
  }
  [near, far] = await Promise.all([here, there].map((machine) => machine.start(env.get(machine)))) as [NetClient, NetClient];
  await vi.waitFor(() => { expect([keyOf(here), keyOf(there)]).not.toContain(undefined); }, { timeout: 20_000 });
  cluster.tell([here], [withKey(there)]);
  cluster.tell([there], [withKey(here)]);
  [a, c] = [await near.attach(here.member()), await far.attach(there.member())];
  await there.serve(netns(c), 80, 'c');
  await there.program(netns(c), 'require("node:net").createServer((s) => s.on("data", (d) => s.write("echo " + d)).on("error", () => {})).listen(81, "::", () => console.log("up"))');
  await there.program(netns(c), 'require("node:http").createServer((q, r) => { let n = 0; q.on("data", (d) => { n += d.length; }).on("end", () => { r.end(Buffer.alloc(1_000_000, String(n))); }); }).listen(82, "::", () => console.log("up"))');
  const service = serviceOf(1, [backendOf(there, c)]);
  url = `http://${service.addresses.roundRobin.ipv4}`;
  cluster.tell([here, there], [service]);
}, 90_000);
afterAll(async () => {
  await there.dispose();
  await here.dispose();
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

describe('between two nodes with keys', { timeout: 60_000 }, () => {
  test('nothing crosses the cable in the clear, full packets pass, and the status says by what', async () => {
    await answers();
    const source = `fetch('${url}:82', { method: 'POST', body: Buffer.alloc(300_000) }).then((r) => r.text()).then((t) => console.log(t.length + ' ' + t.slice(0, 6)))`;
    expect(await here.run(netns(a), source)).toBe('1000000 300000');
    expect([await inClear(here), await inClear(there)]).toEqual([0, 0]);
    expect((await near.status()).overlay).toMatchObject({ ready: true, encryption: expect.stringMatching(/^wireguard(-go)?$/) as string });
    expect(await here.sh(netns(a), 'ip link show dev eth0')).toContain('mtu 1370 ');
    expect(await here.sh(here.node, `stat -c %a ${join(here.dir, 'state/wireguard.key')}`)).toBe('600\n');
  });

  test('killed and started again, the key, the device and a connection are the same', async () => {
    const talker = await here.talker(netns(a), new URL(url).hostname, 81);
    expect(await talker.say('one')).toBe('echo one');
    const before = await here.sh(here.node, 'ip -br link show type tun; ip -br link show type wireguard');
    await here.end('SIGKILL');
    expect(await talker.say('two')).toBe('echo two');
    near = await here.start(env.get(here));
    expect(await talker.say('three')).toBe('echo three');
    expect(await here.sh(here.node, 'ip -br link show type tun; ip -br link show type wireguard')).toBe(before);
    expect([await inClear(here), await inClear(there)]).toEqual([0, 0]);
  });

  test('who shows another key gets nothing, until it is the true one again', async () => {
    cluster.tell([here], [peer(there, { publicKey: randomBytes(32).toString('base64') })]);
    await vi.waitFor(async () => { expect(await answer()).toBe('TimeoutError'); }, { timeout: 20_000 });
    expect([await inClear(here), await inClear(there)]).toEqual([0, 0]);
    cluster.tell([here], [withKey(there)]);
    await answers();
  });
});

describe('a node without a key', { timeout: 90_000 }, () => {
  test('is reached in the clear, but not from one that requires encryption, which says so', async () => {
    far = await restart(there, { OAK_ENCRYPTION: 'off' });
    cluster.tell([there], [peer(here)]);
    cluster.tell([here], [peer(there)]);
    await answers();
    expect(await inClear(there)).toBeGreaterThan(0);
    expect((await far.status()).overlay.encryption).toBe('none');
    near = await restart(here, { OAK_ENCRYPTION: 'required' });
    await vi.waitFor(async () => { expect((await near.status()).overlay.problem).toContain('node c1/n3: it does not encrypt, and this node requires it'); }, { timeout: 20_000 });
    expect(await answer()).not.toContain('c to');
    far = await restart(there, {});
    cluster.tell([there], [withKey(here)]);
    cluster.tell([here], [withKey(there)]);
    await answers();
    expect((await near.status()).overlay.ready).toBe(true);
  });
});

describe('a node behind a router that translates', { timeout: 60_000 }, () => {
  test('calls first; it is reached where it called from, whatever was told of it', async () => {
    const router = `oaktest-${randomBytes(4).toString('hex')}-r`;
    await here.sh(here.node, `ip netns add ${router}`);
    try {
      // The node's cable goes to the router, and the router's to the switch. The node's own address means nothing to the others.
      const lines = [
        `ip link add wan netns ${router} type veth peer name portr netns ${here.outside}`, `ip link add lan netns ${router} type veth peer name cable netns ${here.node}`,
        `ip -n ${here.outside} link set portr addrgenmode none master wan up`,
        `ip -n ${router} address add 192.0.2.9/24 dev wan`, `ip -n ${router} address add 198.51.100.1/24 dev lan`, `ip -n ${router} link set wan up`, `ip -n ${router} link set lan up`,
        `ip -n ${here.node} link set wan down`, `ip -n ${here.node} address add 198.51.100.7/24 dev cable`, `ip -n ${here.node} link set cable up`, `ip -n ${here.node} route add default via 198.51.100.1`,
      ];
      await here.sh(here.node, lines.join(' && '));
      await here.sh(router, 'echo 1 > /proc/sys/net/ipv4/ip_forward && nft "add table ip nat; add chain ip nat out { type nat hook postrouting priority srcnat; }; add rule ip nat out oifname wan masquerade; add chain ip nat in { type filter hook forward priority 0; }; add rule ip nat in iifname wan ct state new drop"');
      cluster.tell([there], [{ ...withKey(here), host: '198.51.100.7' }]);
      await answers();
      await here.serve(netns(a), 80, 'a');
      const back = serviceOf(2, [backendOf(here, a)]);
      cluster.tell([here, there], [back]);
      await vi.waitFor(async () => { expect(await there.ask(netns(c), `http://${back.addresses.roundRobin.ipv4}`, 1500)).toBe(`a to ${c.network?.ipv4}`); }, { timeout: 20_000 });
      expect(await there.sh(there.node, `wg show ${env.get(there)?.['OAK_WIREGUARD_DEVICE']} endpoints`)).toContain('192.0.2.9:');
    } finally {
      await here.sh(here.node, `ip netns del ${router}; ip link set wan up`);
      cluster.tell([there], [withKey(here)]);
    }
    await answers();
  });
});
