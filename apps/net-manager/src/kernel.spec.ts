import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Attachment, NetClient, PortMapping } from '@oak/net-api';
import { bundle, TestMachine } from './testing/test-machine.ts';

const tcp = (hostPort: number, targetPort = 80): PortMapping => ({ hostPort, targetPort, protocol: 'tcp' });
const programDir = mkdtempSync(join(tmpdir(), 'oak-net-bundle-'));
let program: string;
let machine: TestMachine;
let net: NetClient;
const netns = ({ netnsPath }: Attachment): string => netnsPath.replace('/run/netns/', '');

beforeAll(async () => { program = await bundle(programDir); }, 60_000);
afterAll(() => { rmSync(programDir, { recursive: true, force: true }); });
beforeEach(async () => {
  machine = new TestMachine(program);
  await machine.setUp();
  net = await machine.start();
}, 60_000);
afterEach(async () => { await machine.dispose(); }, 60_000);

describe('instances', { timeout: 60_000 }, () => {
  test('reach each other by both families and see true addresses', async () => {
    const [a, b] = await Promise.all([net.attach(machine.member()), net.attach(machine.member())]);
    expect([a.ipv4, b.ipv4].toSorted()).toEqual(['10.18.0.2', '10.18.0.3']);
    await machine.serve(netns(b), 80, 'b');
    expect(await machine.ask(netns(a), `http://${b.ipv4}`)).toBe(`b to ${a.ipv4}`);
    expect(await machine.ask(netns(a), `http://[${b.ipv6}]`)).toBe(`b to ${a.ipv6}`);
    expect(await machine.sh(netns(a), 'ip link show eth0')).toContain(a.mac);
  });

  test('have what a workload needs before it starts', async () => {
    const a = await net.attach(machine.request());
    const inside = await machine.sh(netns(a), 'ip -o address show; ip route; ip -6 route; for key in accept_ra accept_dad; do cat /proc/sys/net/ipv6/conf/eth0/$key; done; ip link show lo; ip link show eth0');
    expect(inside).toContain(`inet ${a.ipv4}/32`);
    expect(inside).toContain(`inet6 ${a.ipv6}/128`);
    expect(inside).toContain(`default via ${a.gatewayIpv4} dev eth0`);
    expect(inside).toContain(`default via ${a.gatewayIpv6} dev eth0`);
    // The link-local address is the kernel's own affair: even without a duplicate check it is tentative until a work queue has run.
    expect(inside.split('\n').filter((line) => line.includes('scope global') && line.includes('tentative'))).toEqual([]);
    expect(inside).toMatch(/\n0\n0\n/);
    expect(inside).toContain('mtu 1450');
    expect(inside).toMatch(/lo: <LOOPBACK,UP/);
  });

  test('leave the node under the node\'s own address', async () => {
    const a = await net.attach(machine.request());
    await machine.serve(machine.outside, 80, 'outside');
    expect(await machine.ask(netns(a), 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(await machine.ask(netns(a), 'http://[2001:db8::2]')).toBe('outside to 2001:db8::1');
  });

  test('are not open to whoever routes through the node', async () => {
    const a = await net.attach(machine.request([tcp(8080)]));
    await machine.serve(netns(a), 80, 'a');
    await machine.serve(netns(a), 81, 'secret');
    await machine.sh(machine.outside, 'ip route add 10.18.0.0/26 via 192.0.2.1');
    expect(await machine.ask(machine.outside, `http://${a.ipv4}:81`, 1500)).toBe('TimeoutError');
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
  });

  test('twenty at once get twenty addresses, and leave nothing', async () => {
    const [before, filesBefore] = [await machine.snapshot(), machine.openFiles()];
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => net.attach(machine.request([tcp(9000 + i)]))));
    expect(new Set(all.map(({ ipv4 }) => ipv4)).size).toBe(20);
    expect(await net.list()).toHaveLength(20);
    await Promise.all(all.map(({ instanceId }) => net.detach(instanceId)));
    expect(await net.list()).toEqual([]);
    expect(await machine.snapshot()).toEqual(before);
    expect(machine.openFiles()).toBeLessThanOrEqual(filesBefore);
  });
});

describe('mapped ports', { timeout: 60_000 }, () => {
  test('answer from outside, on the node, on 127.0.0.1, and to instances, the mapped one included', async () => {
    const a = await net.attach(machine.request([tcp(8080)]));
    const b = await net.attach(machine.request());
    await machine.serve(netns(a), 80, 'a');
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
    expect(await machine.ask(machine.outside, 'http://[2001:db8::1]:8080')).toBe('a to 2001:db8::2');
    expect(await machine.ask(machine.node, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.1');
    expect(await machine.ask(machine.node, 'http://[2001:db8::1]:8080')).toBe('a to 2001:db8::1');
    expect(await machine.ask(machine.node, 'http://127.0.0.1:8080')).toBe(`a to ${a.gatewayIpv4}`);
    expect(await machine.ask(machine.node, 'http://[::1]:8080')).toBe('ECONNREFUSED');
    for (const who of [b, a]) {
      expect(await machine.ask(netns(who), 'http://192.0.2.1:8080')).toBe(`a to ${a.gatewayIpv4}`);
      expect(await machine.ask(netns(who), 'http://[2001:db8::1]:8080')).toBe(`a to ${a.gatewayIpv6}`);
    }
  });

  test('the same without bridge netfilter', async () => {
    await machine.sh(machine.node, 'for key in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do if [ -e $key ]; then echo 0 > $key; fi; done');
    const a = await net.attach(machine.member({}, [tcp(8080)]));
    const b = await net.attach(machine.member());
    await machine.serve(netns(a), 80, 'a');
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
    expect(await machine.ask(netns(a), 'http://192.0.2.1:8080')).toBe(`a to ${a.gatewayIpv4}`);
    expect(await machine.ask(netns(b), 'http://[2001:db8::1]:8080')).toBe(`a to ${a.gatewayIpv6}`);
    expect(await machine.ask(netns(b), `http://${a.ipv4}`)).toBe(`a to ${b.ipv4}`);
  });

  test('UDP, and the flows of a sender end with the instance', async () => {
    const a = await net.attach(machine.request([{ hostPort: 5000, targetPort: 53, protocol: 'udp' }]));
    await machine.program(netns(a), 'const s = require("node:dgram").createSocket("udp4"); s.on("message", (m, r) => s.send("got " + m, r.port, r.address)); s.bind(53, () => console.log("up"))');
    const sender = await machine.program(machine.outside, 'const s = require("node:dgram").createSocket("udp4"); s.on("message", (m) => console.log(String(m))); s.bind(40000, () => { console.log("up"); process.stdin.on("data", (d) => s.send(String(d).trim(), 5000, "192.0.2.1")); })');
    const answer = once(sender.stdout ?? sender, 'data');
    sender.stdin?.write('hello\n');
    expect(String((await answer)[0])).toBe('got hello\n');
    expect(await machine.sh(machine.node, 'conntrack -L 2>/dev/null')).toContain(a.ipv4);
    await net.detach(a.instanceId);
    expect(await machine.sh(machine.node, 'conntrack -L 2>/dev/null')).not.toContain(a.ipv4);
  });

  test('never take traffic that is for others', async () => {
    const a = await net.attach(machine.member({}, [tcp(80)]));
    const b = await net.attach(machine.member());
    await machine.serve(netns(a), 80, 'a');
    await machine.serve(machine.outside, 80, 'outside');
    await machine.serve(netns(b), 80, 'b');
    expect(await machine.ask(netns(b), 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(await machine.ask(netns(a), 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(await machine.ask(machine.node, 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(await machine.ask(machine.node, `http://${b.ipv4}`)).toBe(`b to ${b.gatewayIpv4}`);
    expect(await machine.ask(netns(a), `http://${b.ipv4}`)).toBe(`b to ${a.ipv4}`);
  });

  test('an instance can not reach the node\'s loopback', async () => {
    const a = await net.attach(machine.request([tcp(8080)]));
    await machine.program(machine.node, 'require("node:net").createServer((s) => s.end("private")).listen(7000, "127.0.0.1", () => console.log("up"))');
    await machine.sh(netns(a), `ip link set lo down; ip address del 127.0.0.1/8 dev lo 2>/dev/null; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet; ip route add 127.0.0.1 via ${a.gatewayIpv4} dev eth0`);
    expect(await machine.ask(netns(a), 'http://127.0.0.1:7000')).not.toContain('private');
  });

  test('a taken one is refused by its owner\'s name and nothing is left', async () => {
    const owner = machine.request([tcp(8080)], 'shop.test.first.test.instance.0');
    await net.attach(owner);
    const before = await machine.snapshot();
    await expect(net.attach(machine.request([tcp(8080)]))).rejects.toMatchObject({ kind: 'rejected', message: 'port 8080/tcp is taken by shop.test.first.test.instance.0' });
    await machine.serve(machine.node, 9090, 'host');
    await expect(net.attach(machine.request([tcp(9090)]))).rejects.toMatchObject({ kind: 'rejected', message: 'port 9090/tcp is taken by a process of this node' });
    await expect(net.attach({ ...owner, ports: [] })).rejects.toMatchObject({ kind: 'rejected' });
    expect(await machine.snapshot()).toEqual(before);
    expect(await net.list()).toHaveLength(1);
  });
});

describe('attach and detach', { timeout: 60_000 }, () => {
  test('are idempotent, and attach restores what a runtime removed', async () => {
    const request = machine.request([tcp(8080)]);
    const first = await net.attach(request);
    await machine.sh(netns(first), 'ip address flush dev eth0; ip -6 address flush dev eth0; ip link set eth0 down; ip link set lo down');
    expect(await net.attach(request)).toEqual(first);
    await machine.serve(netns(first), 80, 'a');
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
    expect(await machine.ask(machine.outside, 'http://[2001:db8::1]:8080')).toBe('a to 2001:db8::2');
    await net.detach(request.instanceId);
    await net.detach(request.instanceId);
    await net.detach(machine.request().instanceId);
    expect(await net.list()).toEqual([]);
  });

  test.each([['link', 'ip link del $(ip -o link | grep -o "oakv[0-9a-f]*" | head -1)'], ['namespace', 'ip netns del $NETNS']])('a vanished %s is made again with the same addresses', async (_, command) => {
    const request = machine.request([tcp(8080)]);
    const first = await net.attach(request);
    await machine.sh(machine.node, `NETNS=${netns(first)}; ${command}`);
    expect(await net.attach(request)).toEqual(first);
    await machine.serve(netns(first), 80, 'a');
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
  });

  test('a failure in the middle leaves nothing', async () => {
    const before = await machine.snapshot();
    // Somebody else's link has the name that our link would get for its port: the kernel refuses half-way.
    await machine.sh(machine.node, 'ip link add foreign type bridge; ip link property add dev foreign altname oakport-8080-80-tcp');
    await expect(net.attach(machine.request([tcp(8080)]))).rejects.toMatchObject({ kind: 'temporary', message: expect.stringContaining('File exists') as string });
    expect(await net.list()).toEqual([]);
    await machine.sh(machine.node, 'ip link del foreign');
    expect(await machine.snapshot()).toEqual(before);
  });

  test('what a dead predecessor left of an instance is replaced', async () => {
    const request = machine.request();
    await machine.sh(machine.node, `ip netns add oak-${request.instanceId}`);
    const a = await net.attach(request);
    expect(await machine.sh(netns(a), 'ip -o address show eth0')).toContain(a.ipv4);
  });

  test('garbage on the socket harms nobody', async () => {
    const a = await net.attach(machine.request());
    for (const bytes of ['nonsense\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\xff\xff\xff\xff', '\0'.repeat(70_000)]) {
      const stream = connect(machine.socket);
      stream.on('error', () => undefined);
      stream.end(Buffer.from(bytes, 'latin1'));
      await once(stream.resume(), 'close');
    }
    expect((await net.list()).map(({ instanceId }) => instanceId)).toEqual([a.instanceId]);
    expect(statSync(machine.socket).mode & 0o777).toBe(0o600);
  });
});

describe('a restart', { timeout: 60_000 }, () => {
  test('after SIGKILL adopts all, changes nothing, and no connection notices', async () => {
    const request = machine.request([tcp(8080)]);
    const a = await net.attach(request);
    await net.attach(machine.request());
    const listed = (await net.list()).toSorted((one, other) => one.ipv4.localeCompare(other.ipv4));
    await machine.program(netns(a), 'require("node:net").createServer((s) => s.on("data", (d) => s.write("echo " + d))).listen(80, "::", () => console.log("up"))');
    const talker = await machine.program(machine.outside, 'const s = require("node:net").connect(8080, "192.0.2.1", () => { console.log("up"); process.stdin.pipe(s); s.pipe(process.stdout); })');
    const say = async (text: string): Promise<string> => {
      const answer = once(talker.stdout ?? talker, 'data');
      talker.stdin?.write(text);
      return String((await answer)[0]);
    };
    expect(await say('one')).toBe('echo one');
    const handles = await machine.sh(machine.node, 'nft -a list ruleset; ip link; ip address');
    await machine.end('SIGKILL');
    expect(await say('two')).toBe('echo two');
    const again = await machine.start();
    expect(await say('three')).toBe('echo three');
    expect((await again.list()).toSorted((one, other) => one.ipv4.localeCompare(other.ipv4))).toEqual(listed);
    expect(await machine.sh(machine.node, 'nft -a list ruleset; ip link; ip address')).toBe(handles);
    expect(await again.attach(request)).toEqual(a);
    await expect(again.attach(machine.request([tcp(8080)]))).rejects.toThrow(`taken by ${request.name}`);
  });

  test('in the middle of attaching leaves nothing that detach does not remove', async () => {
    const before = await machine.snapshot();
    const requests = Array.from({ length: 8 }, (_, i) => machine.request([tcp(9000 + i)]));
    const interrupted = Promise.allSettled(requests.map((request) => net.attach(request)));
    await vi.waitFor(async () => { expect((await machine.snapshot()).netns).not.toEqual([]); }, { interval: 1 });
    await machine.end('SIGKILL');
    const again = await machine.start();
    await Promise.all(requests.slice(0, 4).map((request) => again.attach(request)));
    await Promise.all(requests.map(({ instanceId }) => again.detach(instanceId)));
    // A call that was not sent yet waits for the restart: taken back too.
    await interrupted;
    await Promise.all(requests.map(({ instanceId }) => again.detach(instanceId)));
    expect(await machine.snapshot()).toEqual(before);
  });

  test('replaces one table, and of the other takes what nobody wants', async () => {
    const a = await net.attach(machine.request());
    await machine.end('SIGTERM');
    await machine.sh(machine.node, 'nft flush chain inet oakestra guard && nft add element bridge oakestra from4 \'{ "oakvnobody" . 10.18.0.9 }\'');
    await machine.start();
    const { rules } = await machine.snapshot();
    expect(rules).toContain('ip daddr 127.0.0.0/8 drop');
    expect(rules).not.toContain('oakvnobody');
    expect(rules).toContain(`. ${a.ipv4}`);
  });

  test('heals what is damaged and leaves alone what is not ours', async () => {
    const a = await net.attach(machine.request([tcp(8080)]));
    await machine.serve(netns(a), 80, 'a');
    expect(await machine.end('SIGTERM')).toBe(0);
    expect(existsSync(machine.socket)).toBe(false);
    await machine.sh(machine.node, [
      'nft flush ruleset', 'nft add table inet foreign', 'nft add chain inet foreign c', 'ip link add foreign type bridge',
      'ip link add oakvhalf type veth peer name oakvpeer', 'ip link del oak0',
    ].join(' && '));
    const again = await machine.start();
    expect(await machine.ask(machine.outside, 'http://192.0.2.1:8080')).toBe('a to 192.0.2.2');
    const { links, rules } = await machine.snapshot();
    expect(links).toEqual(expect.arrayContaining(['foreign', 'oak0', 'wan']));
    expect(links.some((link) => link.startsWith('oakvhalf'))).toBe(false);
    expect(rules).toContain('table inet foreign');
    expect(await again.list()).toHaveLength(1);
  });

  test.each(['ip rule del pref 4100', 'ip rule del pref 4102', 'ip -6 rule del pref 4100', 'ip -6 rule del pref 4102'])('half a guard is made whole: %s', async (command) => {
    const rules = () => machine.sh(machine.node, 'ip rule; ip -6 rule');
    const before = await rules();
    await machine.end('SIGTERM');
    await machine.sh(machine.node, command);
    const again = await machine.start();
    expect([await again.status(), await rules()]).toEqual([expect.objectContaining({ ready: true, problem: '' }), before]);
  });

  test('rules for routes that name another link than the bridge are replaced', async () => {
    await machine.end('SIGTERM');
    await machine.sh(machine.node, 'ip rule add pref 4101 fwmark 0x00040000/0xfffc0000 iif old0 lookup 1869283329 protocol 147');
    const again = await machine.start();
    expect([(await again.status()).ready, await machine.sh(machine.node, 'ip rule show pref 4101')]).toEqual([true, '']);
  });

  test('with another subnet: who is attached keeps its address, who comes gets a new one', async () => {
    const old = await net.attach(machine.member());
    await machine.end('SIGTERM');
    const again = await machine.start({ OAK_NODE_SUBNET: '10.18.4.0/26,fc00::400/120' });
    const young = await again.attach(machine.member());
    expect([young.ipv4, young.gatewayIpv6]).toEqual(['10.18.4.2', 'fc00::401']);
    await machine.serve(machine.outside, 80, 'outside');
    await machine.serve(netns(old), 80, 'old');
    for (const who of [old, young]) expect(await machine.ask(netns(who), 'http://192.0.2.2')).toBe('outside to 192.0.2.1');
    expect(await machine.ask(netns(young), `http://${old.ipv4}`)).toBe(`old to ${young.ipv4}`);
    await again.detach(old.instanceId);
    expect(await again.status()).toMatchObject({ ready: true, subnetV4: '10.18.4.0/26' });
  });
});
