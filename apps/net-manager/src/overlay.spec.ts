import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Attachment, NetClient } from '@oak/net-api';
import { backendOf, peerOf, serviceOf, TestCluster } from './testing/test-cluster.ts';
import { slowLine } from './testing/slow-line.ts';
import { TestMachine } from './testing/test-machine.ts';

const dir = mkdtempSync(join(tmpdir(), 'oak-net-overlay-'));
let cluster: TestCluster;
let here: TestMachine;
let there: TestMachine;
let [near, far]: [NetClient, NetClient] = [undefined as never, undefined as never];
const env = new Map<TestMachine, Record<string, string | undefined>>();
const netns = ({ netnsPath }: Attachment): string => netnsPath.replace('/run/netns/', '');
const count = (answers: readonly string[]): Record<string, number> => Object.fromEntries([...new Set(answers)].toSorted().map((answer) => [answer, answers.filter((one) => one === answer).length]));
let services = 0;
const udpServer = (name: string) => `const s = require("node:dgram").createSocket("udp4"); s.on("message", (m, r) => s.send("${name}", r.port, r.address)); s.bind(53, () => console.log("up"))`;
const echo = 'require("node:net").createServer((s) => s.on("data", (d) => s.write("echo " + d)).on("error", () => {})).listen(81, "::", () => console.log("up"))';

beforeAll(async () => {
  ({ cluster, here, there } = await TestCluster.withTwo(dir));
  // As careful as a machine can be.
  for (const { node } of [here, there]) await here.sh(node, 'for key in all default; do echo 1 > /proc/sys/net/ipv4/conf/$key/rp_filter; done');
  cluster.tell([here, there], [peerOf(here), peerOf(there)]);
  for (const machine of [here, there]) env.set(machine, await cluster.join(machine));
  [near, far] = await Promise.all([here, there].map((machine) => machine.start(env.get(machine)))) as [NetClient, NetClient];
}, 60_000);
afterAll(async () => {
  await there.dispose();
  await here.dispose();
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

/** A service of these, told to everybody and arrived everywhere. Returns its address. */
async function publish(backends: Parameters<typeof serviceOf>[1], change: Parameters<typeof serviceOf>[2] = {}, n = (services += 1)) {
  const route = serviceOf(n, backends, change);
  cluster.tell([here, there], [route]);
  await arrived();
  return { n, ...route.addresses.roundRobin, closest: route.addresses.closest, id: route.id };
}

let last: string | undefined;
/** Resolves when both nodes have put into the kernel what was told so far. */
async function arrived(): Promise<void> {
  const [before, id] = [last, randomBytes(12).toString('hex')];
  last = id;
  const route = { ...serviceOf(250, [{ id: 'e'.repeat(24), instanceNumber: 0, ipv4: '10.30.250.250', ipv6: 'fdff::250', namespaceIpv4: '10.19.250.250', cluster: 'c1', node: 'elsewhere' }]), id };
  cluster.tell([here, there], [route], before === undefined ? [] : [before]);
  for (const machine of [here, there]) await vi.waitFor(() => machine.sh(machine.node, `nft list counter inet oakestra n_${id} 2>&1`), { timeout: 15_000, interval: 20 });
}

const attached = async (machine: TestMachine, name: string, network = {}): Promise<Attachment> => {
  const attachment = await (machine === here ? near : far).attach(machine.member(network));
  await machine.serve(netns(attachment), 80, name);
  return attachment;
};

describe('a service', { timeout: 60_000 }, () => {
  test('rotates over its instances on both nodes; each side sees the other by its stable address; also itself', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const service = await publish([backendOf(here, a), backendOf(here, b), backendOf(there, c)]);
    for (const [url, own] of [[`http://${service.ipv4}`, a.network?.ipv4], [`http://[${service.ipv6}]`, a.network?.ipv6]]) {
      expect(count(await here.askMany(netns(a), url ?? '', 6))).toEqual({ [`a to ${own}`]: 2, [`b to ${own}`]: 2, [`c to ${own}`]: 2 });
    }
    expect(count(await there.askMany(netns(c), `http://[${service.ipv6}]`, 3))).toEqual(Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name} to ${c.network?.ipv6}`, 1])));
  });

  test('the same on a machine without bridge netfilter', async () => {
    const keys = 'for key in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do if [ -e $key ]; then echo VALUE > $key; fi; done';
    await here.sh(here.node, keys.replace('VALUE', '0'));
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const service = await publish([backendOf(here, a), backendOf(here, b), backendOf(there, c)]);
    expect(count(await here.askMany(netns(a), `http://${service.ipv4}`, 3))).toEqual(Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name} to ${a.network?.ipv4}`, 1])));
    expect(await here.ask(netns(a), `http://${b.ipv4}`)).toBe(`b to ${a.ipv4}`);
    await here.sh(here.node, keys.replace('VALUE', '1'));
  });

  test('answers processes of a node too, by both families', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const service = await publish([backendOf(here, a), backendOf(there, c)]);
    expect(count(await here.askMany(here.node, `http://${service.ipv4}`, 4))).toEqual({ [`a to ${a.gatewayIpv4}`]: 2, [`c to ${a.gatewayIpv4}`]: 2 });
    expect(count(await here.askMany(here.node, `http://[${service.ipv6}]`, 4))).toEqual({ [`a to ${a.gatewayIpv6}`]: 2, [`c to ${a.gatewayIpv6}`]: 2 });
  });

  test('closest: who is on the node answers there, others only for others', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const asker = await attached(here, 'asker');
    const service = await publish([backendOf(here, a), backendOf(there, c)]);
    const url = `http://${service.closest?.ipv4}`;
    expect(count(await here.askMany(netns(asker), url, 4))).toEqual({ [`a to ${asker.network?.ipv4}`]: 4 });
    expect(count(await there.askMany(netns(c), `http://[${service.closest?.ipv6}]`, 4))).toEqual({ [`c to ${c.network?.ipv6}`]: 4 });
    await near.detach(a.instanceId);
    expect(await here.ask(netns(asker), url)).toBe(`c to ${asker.network?.ipv4}`);
  });

  test('closest: of two other nodes the one that packets reach sooner', async () => {
    const third = new TestMachine(join(dir, 'main.js'), { beside: here, number: 4 });
    let relay: ChildProcess | undefined;
    await third.setUp();
    try {
      relay = await here.program(here.outside, slowLine('192.0.2.2', [here.address.v4, third.address.v4], 20));
      const longWay = '192.0.2.2';
      cluster.tell([here], [{ ...peerOf(third), host: longWay }]);
      cluster.tell([third], [{ ...peerOf(here), host: longWay }]);
      const client = await third.start(await cluster.join(third));
      const [a, c, d] = await Promise.all([attached(here, 'a'), attached(there, 'c'), client.attach(third.member())]);
      await third.serve(netns(d), 80, 'd');
      const service = await publish([backendOf(there, c), backendOf(third, d)]);
      expect(Object.keys(count(await here.askMany(netns(a), `http://${service.ipv4}`, 4)))).toEqual([`c to ${a.network?.ipv4}`, `d to ${a.network?.ipv4}`]);
      await vi.waitFor(async () => {
        expect(count(await here.askMany(netns(a), `http://${service.closest?.ipv4}`, 4))).toEqual({ [`c to ${a.network?.ipv4}`]: 4 });
        expect(count(await here.askMany(netns(a), `http://[${service.closest?.ipv6}]`, 4))).toEqual({ [`c to ${a.network?.ipv6}`]: 4 });
      }, { timeout: 20_000, interval: 200 });
      await vi.waitFor(async () => {
        const { steps } = await cluster.trace(here, { from: a.instanceId, to: service.ipv4, protocol: 'tcp', port: 80 });
        const [far] = steps.flatMap(({ text }) => / on c1\/n4: .* ([\d.]+) ms there and back/.exec(text)?.[1] ?? []);
        expect(Number(far)).toBeGreaterThan(39);
      }, { timeout: 20_000, interval: 200 });
    } finally {
      cluster.tell([here], [], ['c1/n4']);
      relay?.kill('SIGKILL');
      await third.dispose();
    }
  });

  test('weights and affinity', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const own = a.network?.ipv4;
    const heavy = await publish([backendOf(here, b, { weight: 3 }), backendOf(there, c)]);
    expect(count(await here.askMany(netns(a), `http://${heavy.ipv4}`, 8))).toEqual({ [`b to ${own}`]: 6, [`c to ${own}`]: 2 });
    const sticky = await publish([backendOf(here, b), backendOf(there, c)], { affinity: 'client' });
    expect(Object.values(count(await here.askMany(netns(a), `http://${sticky.ipv4}`, 6)))).toEqual([6]);
    expect(Object.values(count(await here.askMany(netns(a), `http://[${sticky.ipv6}]`, 6)))).toEqual([6]);
  });

  test('an instance without IPv6 answers by IPv4 alone', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const { namespaceIpv6: _none, ...guest } = backendOf(there, c);
    const service = await publish([backendOf(here, b), guest]);
    expect(Object.keys(count(await here.askMany(netns(a), `http://${service.ipv4}`, 4)))).toEqual([`b to ${a.network?.ipv4}`, `c to ${a.network?.ipv4}`]);
    expect(Object.keys(count(await here.askMany(netns(a), `http://[${service.ipv6}]`, 4)))).toEqual([`b to ${a.network?.ipv6}`]);
  });

  test('without instances, or unknown, refuses at once: instances and processes, by TCP and UDP', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const empty = await publish([]);
    for (const from of [netns(a), here.node]) {
      expect(await here.askEach(from, [`http://${empty.ipv4}`, `http://[${empty.ipv6}]`, 'http://10.30.255.254', 'http://[fdff::abcd]'])).toEqual(Array(4).fill('ECONNREFUSED'));
      expect(await here.sendUdp(from, 'udp4', empty.ipv4, 53)).toBe('ECONNREFUSED');
      expect(await here.sendUdp(from, 'udp6', 'fdff::abcd', 53)).toBe('ECONNREFUSED');
    }
    const filled = await publish([backendOf(there, c)], {}, empty.n);
    expect(await here.ask(netns(a), `http://${filled.ipv4}`)).toBe(`c to ${a.network?.ipv4}`);
    await publish([], {}, empty.n);
    expect(await here.ask(netns(a), `http://${empty.ipv4}`)).toBe('ECONNREFUSED');
  });
});

describe('instance IPs', { timeout: 60_000 }, () => {
  test('reach the instance wherever it is, and the server can call its caller back', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    await publish([a, b].map((one) => backendOf(here, one)).concat(backendOf(there, c)));
    const urls = (one: Attachment) => [`http://${one.network?.ipv4}`, `http://[${one.network?.ipv6}]`];
    const seen = [a.network?.ipv4, a.network?.ipv6];
    expect(await here.askEach(netns(a), [c, b, a].flatMap(urls))).toEqual(['c', 'b', 'a'].flatMap((name) => seen.map((own) => `${name} to ${own}`)));
    expect(await there.askEach(netns(c), urls(a))).toEqual([`a to ${c.network?.ipv4}`, `a to ${c.network?.ipv6}`]);
  });

  test('namespace IPs of other nodes too, without translation', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    await publish([backendOf(here, a), backendOf(there, c)]);
    expect(await here.ask(netns(a), `http://${c.ipv4}`)).toBe(`c to ${a.ipv4}`);
    expect(await there.ask(netns(c), `http://[${a.ipv6}]`)).toBe(`a to ${c.ipv6}`);
  });

  test('two callers with one port of their own, to two services or one, are never mixed up', async () => {
    const [a, b, c, d] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c'), attached(there, 'd')]);
    await Promise.all([there.program(netns(c), udpServer('c')), there.program(netns(d), udpServer('d'))]);
    const [one, other] = [await publish([backendOf(there, c)]), await publish([backendOf(there, d)])];
    const from = 40_000;
    const callers = await Promise.all([[a, one], [b, other]].map(([who, { ipv4 = '' } = {}]) => here.udpCaller(netns(who as Attachment), ipv4, 53, from)));
    const third = await here.udpCaller(netns(b), one.ipv4, 53, from + 1);
    const fourth = await here.udpCaller(netns(a), one.ipv4, 53, from + 1);
    for (let n = 0; n < 5; n += 1) expect(await Promise.all([...callers, third, fourth].map((caller) => caller.say('x')))).toEqual(['c', 'd', 'c', 'c']);
  });

  test('datagrams in fragments arrive whole, by both families', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    await there.program(netns(c), "for (const type of ['udp4', 'udp6']) { const s = require('node:dgram').createSocket({ type, ipv6Only: type === 'udp6' }); s.on('message', (m, { address, port }) => s.send(Buffer.concat([Buffer.from(m.length + ' '), m.subarray(0, 4990)]), port, address)).bind(7, () => console.log('up')); }");
    const service = await publish([backendOf(there, c)]);
    for (const [type, address] of [['udp4', service.ipv4], ['udp6', service.ipv6]] as const) expect(await here.sendUdp(netns(a), type, address, 7, Buffer.alloc(5_000, 'x'))).toBe(`5000 ${'x'.repeat(4990)}`);
  });

  test('changes of its service, and of a hundred others, lose no call meanwhile', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const service = await publish([backendOf(there, c)]);
    const asking = here.askMany(netns(a), `http://${service.ipv4}`, 300);
    let isOver = false;
    void asking.finally(() => { isOver = true; });
    let changes = 0;
    for (; !isOver; changes += 1) {
      cluster.tell([here, there], [serviceOf(service.n, [backendOf(there, c), ...(changes % 2 === 0 ? [backendOf(here, b)] : [])]), serviceOf(100 + changes % 100, [backendOf(there, c)])]);
      await setImmediate();
    }
    expect(changes).toBeGreaterThan(10);
    const answers = new Set(await asking);
    expect([...answers].filter((answer) => ![`b to ${a.network?.ipv4}`, `c to ${a.network?.ipv4}`].includes(answer))).toEqual([]);
  });

  test('packets of full size pass, both ways, to the other node', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    await there.program(netns(c), 'require("node:http").createServer((q, r) => { let n = 0; q.on("data", (d) => { n += d.length; }).on("end", () => { r.end(Buffer.alloc(1_000_000, String(n))); }); }).listen(81, "::", () => console.log("up"))');
    const service = await publish([backendOf(there, c)]);
    for (const host of [service.ipv4, `[${service.ipv6}]`]) {
      const source = `fetch('http://${host}:81', { method: 'POST', body: Buffer.alloc(300_000) }).then((r) => r.text()).then((t) => console.log(t.length + ' ' + t.slice(0, 6)))`;
      expect(await here.run(netns(a), source)).toBe('1000000 300000');
    }
  });
});

describe('who may call', { timeout: 60_000 }, () => {
  test('its application, its organisation, or everyone; others are refused at once, by every address', async () => {
    const stranger = await attached(here, 'stranger', { applicationId: 'c'.repeat(24), organisation: 'other' });
    const sibling = await attached(here, 'sibling', { applicationId: 'd'.repeat(24) });
    const nobody = await near.attach(here.request());
    const own = await attached(here, 'own');
    const [c, d] = await Promise.all([attached(there, 'c'), attached(here, 'd')]);
    const allowed = { isolated: [own], organisation: [own, sibling], public: [own, sibling, stranger] };
    for (const policy of ['isolated', 'organisation', 'public'] as const) {
      const service = await publish([backendOf(there, c), backendOf(here, d)], { policy }, 200);
      for (const who of [own, sibling, stranger, nobody]) {
        const addresses = [service.ipv4, `[${service.ipv6}]`, service.closest?.ipv4, c.network?.ipv4, d.network?.ipv4, c.ipv4, `[${c.ipv6}]`, d.ipv4, `[${d.ipv6}]`];
        const answers = await here.askEach(netns(who), addresses.map((address) => `http://${address}`));
        const isAllowed = allowed[policy].some(({ instanceId }) => instanceId === who.instanceId);
        expect([policy, who.name, answers.map((answer) => (answer.includes(' to ') ? 'answers' : answer))]).toEqual([policy, who.name, addresses.map(() => (isAllowed ? 'answers' : 'ECONNREFUSED'))]);
      }
    }
  });
});

describe('a policy', { timeout: 60_000 }, () => {
  test('that becomes narrower ends at once what those have open who may call no more, and nothing else', async () => {
    const sibling = await attached(here, 'sibling', { applicationId: 'd'.repeat(24) });
    const [own, c] = await Promise.all([attached(here, 'own'), attached(there, 'c')]);
    await there.program(netns(c), echo);
    const service = await publish([backendOf(there, c)], { policy: 'organisation' });
    const [barred, allowed] = await Promise.all([here.talker(netns(sibling), service.ipv4, 81), here.talker(netns(own), service.ipv4, 81)]);
    const direct = await here.talker(netns(sibling), c.network?.ipv6 ?? '', 81);
    expect([await barred.say('1'), await allowed.say('1'), await direct.say('1')]).toEqual(Array(3).fill('echo 1'));
    await publish([backendOf(there, c)], { policy: 'isolated' }, service.n);
    await vi.waitFor(async () => { expect(await here.sh(here.node, `conntrack -L 2>/dev/null; conntrack -L -f ipv6 2>/dev/null`)).not.toMatch(new RegExp(`src=(${sibling.ipv4}|${sibling.ipv6}) .*dport=81`)); }, { timeout: 15_000 });
    // The other side learns it with the next word.
    for (const talker of [barred, direct]) expect(await talker.ends('2')).toBe('ended');
    expect(await allowed.say('2')).toBe('echo 2');
  });
});

describe('an instance that leaves', { timeout: 60_000 }, () => {

  test('takes no new connections at once; its UDP callers move when the grace is over, its open connections end then', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const d = await attached(there, 'd');
    await Promise.all([there.program(netns(c), udpServer('c')), there.program(netns(d), udpServer('d'))]);
    await there.program(netns(c), echo);
    const service = await publish([backendOf(there, c)]);
    const talker = await here.talker(netns(a), service.ipv4, 81);
    const caller = await here.udpCaller(netns(a), service.ipv4, 53);
    expect([await talker.say('one'), await caller.say('x')]).toEqual(['echo one', 'c']);
    await publish([backendOf(there, d)], {}, service.n);
    expect(await here.ask(netns(a), `http://${service.ipv4}`)).toBe(`d to ${a.network?.ipv4}`);
    expect(await talker.say('two')).toBe('echo two');
    await vi.waitFor(async () => { expect(await caller.say('x')).toBe('d'); }, { timeout: 15_000 });
    expect(await here.sh(here.node, 'conntrack -L 2>/dev/null')).not.toContain(`src=${c.ipv4}`);
  });

  test('and is back within the grace, as after a short failure of its readiness, keeps its open connections', async () => {
    const [a, other, c, d] = await Promise.all([attached(here, 'a'), attached(here, 'other'), attached(there, 'c'), attached(there, 'd')]);
    await there.program(netns(c), echo);
    const service = await publish([backendOf(there, c)]);
    const talkers = await Promise.all([1, 2, 3, 4].map(() => here.talker(netns(a), service.ipv4, 81)));
    const all = (word: string) => Promise.all(talkers.map((talker) => talker.say(word)));
    expect(new Set(await all('one'))).toEqual(new Set(['echo one']));
    cluster.tell([here, there], [serviceOf(service.n, [])]);
    // What is told in one turn leaves as one message.
    await setImmediate();
    // A connection that was forgotten would be taken for a new one, and half of them would get to the other instance.
    await publish([backendOf(there, c), backendOf(there, d, { instanceNumber: 1 })], {}, service.n);
    // Flows are ended one after another: by then those are that shall be.
    await near.detach(other.instanceId);
    expect(new Set(await all('two'))).toEqual(new Set(['echo two']));
  });

  test('by detaching is gone at once, before anyone tells', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    const service = await publish([backendOf(here, b), backendOf(there, c)]);
    await near.detach(b.instanceId);
    expect(count(await here.askMany(netns(a), `http://${service.ipv4}`, 3))).toEqual({ [`c to ${a.network?.ipv4}`]: 3 });
    expect(await here.sh(here.node, 'conntrack -L 2>/dev/null')).not.toContain(`src=${b.ipv4} `);
  });
});

describe('nobody is somebody else', { timeout: 60_000 }, () => {
  test('packets and neighbour messages with another\'s address stop at the port', async () => {
    const [a, b, thief] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(here, 'thief')]);
    await publish([backendOf(here, a), backendOf(here, b)]);
    expect(await here.ask(netns(thief), `http://${a.ipv4}`)).toBe(`a to ${thief.ipv4}`);
    await here.sh(netns(thief), `ip address add ${b.ipv4}/32 dev eth0; ip address add ${b.ipv6}/128 dev eth0 nodad; ip route replace default via ${a.gatewayIpv4} dev eth0 src ${b.ipv4}; ip -6 route replace default via ${a.gatewayIpv6} dev eth0 src ${b.ipv6}`);
    expect(await here.ask(netns(thief), `http://${a.ipv4}`, 1000)).toBe('TimeoutError');
    expect(await here.ask(netns(thief), `http://[${a.ipv6}]`, 1000)).toBe('TimeoutError');
    await here.sh(netns(thief), `ip address del ${b.ipv4}/32 dev eth0; ip address del ${b.ipv6}/128 dev eth0; ip route replace default via ${a.gatewayIpv4} dev eth0; ip -6 route replace default via ${a.gatewayIpv6} dev eth0`);
    expect(await here.ask(netns(thief), `http://${a.ipv4}`)).toBe(`a to ${thief.ipv4}`);
    // Another's MAC would lead what is for the other to this port.
    await here.sh(netns(thief), `ip link set eth0 down; ip link set eth0 address ${b.mac}; ip link set eth0 up; ip route replace ${a.gatewayIpv4} dev eth0; ip route replace default via ${a.gatewayIpv4} dev eth0`);
    expect(await here.ask(netns(thief), `http://${a.ipv4}`, 1000)).toBe('TimeoutError');
    expect(await here.ask(netns(a), `http://${b.ipv4}`)).toBe(`b to ${a.ipv4}`);
    expect(await here.sh(here.node, 'ip neighbour show dev oak0')).toContain(`${b.ipv4} lladdr ${b.mac} PERMANENT`);
  });

  test('a guest that believes its neighbours to be on its wire reaches them by the rules all the same', async () => {
    const [a, b] = await Promise.all([attached(here, 'a'), attached(here, 'b')]);
    const stranger = await attached(here, 'stranger', { applicationId: 'c'.repeat(24), organisation: 'other' });
    await publish([backendOf(here, a), backendOf(here, b)]);
    for (const one of [a, stranger]) await here.sh(netns(one), `ip address replace ${one.ipv4}/26 dev eth0`);
    expect(await here.ask(netns(a), `http://${b.ipv4}`)).toBe(`b to ${a.ipv4}`);
    expect(await here.ask(netns(stranger), `http://${b.ipv4}`)).toBe('ECONNREFUSED');
    expect(await here.sh(netns(a), 'ip neighbour show')).not.toContain(b.mac);
  });

  test('frames straight to a neighbour\'s MAC do not arrive', async () => {
    const b = await attached(here, 'b');
    const stranger = await attached(here, 'stranger', { applicationId: 'c'.repeat(24), organisation: 'other' });
    await here.sh(netns(stranger), `ip route add ${b.ipv4}/32 dev eth0; ip neighbour replace ${b.ipv4} lladdr ${b.mac} dev eth0 nud permanent`);
    expect(await here.ask(netns(stranger), `http://${b.ipv4}`, 1500)).toMatch(/TimeoutError|ECONNREFUSED/);
  });
});

describe('the tunnel', { timeout: 60_000 }, () => {
  test('takes nothing from machines that are no nodes, and no garbage does harm', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const service = await publish([backendOf(there, c)]);
    // An intruder that knows everything: network, MACs, addresses. It shows an address of a peer inside, not outside.
    const [intruder, mac] = [here.outside, await there.sh(there.node, `ip -br link show oakvx | grep -o '0e:[0-9a-f:]*'`)];
    await here.sh(intruder, [
      'ip link add oakin type vxlan id 7299435 dstport 50103 nolearning', 'ip address add 10.18.0.70/32 dev oakin', 'ip link set oakin up', `ip neighbour replace ${c.ipv4} lladdr ${mac.trim()} dev oakin nud permanent`,
      `bridge fdb replace ${mac.trim()} dev oakin dst ${there.address.v4} self permanent`, `ip route add ${c.ipv4}/32 dev oakin src 10.18.0.70`,
    ].join(' && '));
    expect(await here.ask(intruder, `http://${c.ipv4}`, 1500)).toBe('TimeoutError');
    await here.sh(intruder, 'ip link del oakin');
    for (const bytes of ['', 'x', '\0'.repeat(7), '\x08\0\0\0oak\0', '\x08\0\0\0oak\0'.padEnd(1400, '\xff')].map((text) => Buffer.from(text, 'latin1'))) for (const from of [intruder, here.node]) await here.sendUdp(from, 'udp4', there.address.v4, 50_103, bytes);
    expect(await here.ask(netns(a), `http://${service.ipv4}`)).toBe(`c to ${a.network?.ipv4}`);
  });

  test('brings nobody to a process of the node, nor past the node', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    await publish([backendOf(here, a), backendOf(there, c)]);
    await there.serve(there.node, 7001, 'node');
    await here.serve(here.outside, 7001, 'outside');
    expect(await here.ask(here.node, `http://${c.gatewayIpv4}:7001`)).toBe('ECONNREFUSED');
    await here.sh(here.node, `ip route add 198.51.100.0/24 via ${c.gatewayIpv4} dev oakvx onlink`);
    await here.sh(here.outside, 'ip address add 198.51.100.1/24 dev lo');
    await here.sh(there.node, 'ip route add 198.51.100.0/24 via 192.0.2.2');
    expect(await here.ask(here.node, 'http://198.51.100.1:7001', 1500)).toBe('TimeoutError');
    await here.sh(here.node, 'ip route del 198.51.100.0/24');
    await here.sh(there.node, 'ip route del 198.51.100.0/24');
  });

  test('moves with the node, to IPv6 too, and leaves nothing of a node that is gone', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const service = await publish([backendOf(there, c)]);
    const ways = () => here.sh(here.node, 'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; bridge fdb show dev oakvx; bridge fdb show dev oakvx6; ip neighbour show nud permanent; nft list set inet oakestra tunnel4; nft list map inet oakestra marks');
    const before = await ways();
    cluster.tell([here, there], [peerOf(there, 'v6'), peerOf(here, 'v6')]);
    await arrived();
    expect(await here.ask(netns(a), `http://${service.ipv4}`)).toBe(`c to ${a.network?.ipv4}`);
    expect(await here.ask(netns(a), `http://[${service.ipv6}]`)).toBe(`c to ${a.network?.ipv6}`);
    cluster.tell([here], [], ['c1/n3']);
    await arrived();
    const none = await ways();
    for (const trace of ['lookup 18', '10.18.0.192/26', 'fc00::300/120', '192.0.2.3', '0e:', '2001:db8::3 ']) expect(none.split('\n').filter((line) => line.includes(trace) && !/dev wan/.test(line) && !/permanent$/.test(line.trim())).join('\n').includes(trace)).toBe(false);
    cluster.tell([here, there], [peerOf(there), peerOf(here)]);
    await arrived();
    expect((await ways()).split('\n').filter((line) => !line.includes('wan')).toSorted()).toEqual(before.split('\n').filter((line) => !line.includes('wan')).toSorted());
    expect(await here.ask(netns(a), `http://${service.ipv4}`)).toBe(`c to ${a.network?.ipv4}`);
  });
});

describe('insight', { timeout: 60_000 }, () => {
  test('a trace says what then happens, asked on the node or through the cluster; connections and packets are counted', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const [open, empty] = [await publish([backendOf(there, c)]), await publish([])];
    const before = await near.counters();
    const [good, bad] = await Promise.all([open, empty].map(({ ipv4 }) => near.trace({ from: a.instanceId, to: ipv4, protocol: 'tcp', port: 80 })));
    expect([good?.ok, await here.ask(netns(a), `http://${open.ipv4}`)]).toEqual([true, `c to ${a.network?.ipv4}`]);
    expect([bad?.ok, bad?.steps.at(-1)?.step, await here.ask(netns(a), `http://${empty.ipv4}`)]).toEqual([false, 'instances', 'ECONNREFUSED']);
    const byName = await near.trace({ from: a.instanceId, to: `s${open.n}.shop`, protocol: 'tcp', port: 80 });
    const resolved = await here.run(netns(a), `const r = new (require('node:dns').Resolver)(); r.setServers(['${a.gatewayIpv4}']); r.resolve4('s${open.n}.shop', (e, all) => console.log(e?.code ?? all.join()))`);
    expect([byName.ok, byName.steps[1]?.text.startsWith(`s${open.n}.shop is ${open.ipv4}; `), resolved]).toEqual([true, true, open.ipv4]);
    // Meanwhile the node may have measured how far it is.
    const undated = (steps: readonly { readonly text: string }[] = []) => steps.map(({ text, ...step }) => ({ ...step, text: text.replace(/, [\d.]+ ms there and back$/, '') }));
    const asked = await cluster.trace(here, { from: a.instanceId, to: open.ipv4, protocol: 'tcp', port: 80 });
    expect([asked.ok, undated(asked.steps)]).toEqual([good?.ok, undated(good?.steps)]);
    const after = await near.counters();
    const connections = (counters: typeof after) => counters.services.find(({ serviceId }) => serviceId === open.id)?.connections;
    expect([connections(before), connections(after)]).toEqual([0, 1]);
    expect(after.names).toEqual([{ outcome: 'NOERROR', questions: 1 }]);
    const [was, is] = [before, after].map(({ instances }) => instances.find(({ instanceId }) => instanceId === a.instanceId));
    expect(is?.rxPackets).toBeGreaterThan(was?.rxPackets ?? Infinity);
    expect(is?.txBytes).toBeGreaterThan(was?.txBytes ?? Infinity);
  });
});

describe('what was told', { timeout: 60_000 }, () => {
  test('a lost message is noticed by the next one, and everything is asked for', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const lost = serviceOf((services += 1), [backendOf(there, c)]);
    await cluster.losing(() => { cluster.tell([here], [lost]); });
    expect(await here.ask(netns(a), `http://${lost.addresses.roundRobin.ipv4}`)).toBe('ECONNREFUSED');
    await arrived();
    expect(await here.ask(netns(a), `http://${lost.addresses.roundRobin.ipv4}`)).toBe(`c to ${a.network?.ipv4}`);
  });

  test('what no service can have is left out, said, and harms nobody else', async () => {
    const [a, c] = await Promise.all([attached(here, 'a'), attached(there, 'c')]);
    const bad = serviceOf((services += 1), [backendOf(there, c)], { addresses: { roundRobin: { ipv4: '192.0.2.2', ipv6: '2001:db8::2' } } });
    const good = await publish([backendOf(there, c), backendOf(there, c, { id: 'f'.repeat(24), instanceNumber: 1, namespaceIpv4: '192.0.2.2' })]);
    cluster.tell([here], [bad]);
    await arrived();
    await here.serve(here.outside, 80, 'outside');
    expect(await here.ask(netns(a), 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(count(await here.askMany(netns(a), `http://${good.ipv4}`, 2))).toEqual({ [`c to ${a.network?.ipv4}`]: 2 });
    expect((await near.status()).overlay).toMatchObject({ ready: false, problem: expect.stringContaining('routes that can not be used') as string });
    cluster.tell([here, there], [], [bad.id, good.id]);
    await arrived();
    expect((await near.status()).overlay).toEqual({ ready: true, problem: '', encryption: 'none' });
  });

  test('a restart changes nothing, with the cluster away too, and no connection notices', async () => {
    const [a, b, c] = await Promise.all([attached(here, 'a'), attached(here, 'b'), attached(there, 'c')]);
    await there.program(netns(c), echo);
    const service = await publish([backendOf(here, b), backendOf(there, c)]);
    const only = await publish([backendOf(there, c)]);
    const talker = await here.talker(netns(a), only.ipv4, 81);
    expect(await talker.say('one')).toBe('echo one');
    await vi.waitFor(() => { expect(here.known()).toContain(only.id); });
    const kernel = () => here.sh(here.node, 'nft -a list ruleset | grep -v packets; ip link; ip address; ip route show table all; ip rule; bridge fdb | grep permanent');
    const before = await kernel();
    await here.end('SIGKILL');
    expect(await talker.say('two')).toBe('echo two');
    near = await here.start({ ...env.get(here), OAK_CLUSTER_BUS: 'nats://127.0.0.1:1' });
    expect(await kernel()).toBe(before);
    expect(await talker.say('three')).toBe('echo three');
    expect(count(await here.askMany(netns(a), `http://${service.ipv4}`, 2))).toEqual({ [`b to ${a.network?.ipv4}`]: 1, [`c to ${a.network?.ipv4}`]: 1 });
    await here.end('SIGTERM');
    near = await here.start(env.get(here));
    await arrived();
    expect(await talker.say('four')).toBe('echo four');
  });

  test('of everything nothing is left when all is taken back', async () => {
    for (const [machine, net] of [[here, near], [there, far]] as const) {
      await Promise.all((await net.list()).map(({ instanceId }) => net.detach(instanceId)));
      cluster.tell([machine], [], cluster.told(machine));
    }
    await vi.waitFor(async () => {
      const rules = await here.sh(here.node, 'nft list ruleset; ip rule; ip -6 rule; bridge fdb show dev oakvx; ip neighbour show nud permanent');
      expect(rules.match(/chain [sck]_|counter n_|set d[46]_|10\.18\.0\.\d+ :|lookup 18|dst 192|PERMANENT/g)).toBeNull();
    }, { timeout: 15_000 });
  });
});
