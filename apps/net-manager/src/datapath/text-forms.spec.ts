import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSubnet, printSubnet, sizeOf } from '@oak/addressing';
import { innerLines, outerLines, removeLines } from './attach-script.ts';
import { forgetLines, parseFlows } from './flows.ts';
import { firstInUse, parseSockets, portsInUse } from './host-ports.ts';
import { linkName, macOf, netnsPath } from './names.ts';
import { rangeOf } from './range.ts';
import { item } from './items.ts';
import { nodeNumber, routingTable } from './marks.ts';
import { readEndpoints, readLinks, readNeighbours, readRoutes, readRules } from './read-kernel.ts';
import { printAlias, printOtherNames, readRemembered, type Remembered } from './remembered.ts';

const id = '665f0c3a9b1e4d2a8c7f0b12';
const web: Remembered = {
  instanceId: id, name: 'shop.prod.web.prod.instance.0', ipv4: '10.18.0.2/26', ipv6: 'fc00::2/120',
  ports: [{ hostPort: 8080, targetPort: 80, protocol: 'tcp' }, { hostPort: 53, targetPort: 5353, protocol: 'udp' }],
};

describe('names', () => {
  test('a link name fits 15 characters and differs for ids of one second', () => {
    const names = Array.from({ length: 1000 }, (_, i) => linkName(`665f0c3a${i.toString(16).padStart(16, '0')}`));
    expect(new Set(names).size).toBe(1000);
    expect(names.every((name) => /^oakv[0-9a-f]{11}$/.test(name))).toBe(true);
    expect(netnsPath(id)).toBe(`/run/netns/oak-${id}`);
  });

  test('an address has its own unicast, locally administered MAC', () => {
    expect(macOf('10.18.0.2')).toBe('0a:6b:0a:12:00:02');
  });
});

const networkArbitrary = fc.record({
  applicationId: fc.stringMatching(/^[0-9a-f]{24}$/), organisation: fc.string({ minLength: 1, maxLength: 64, unit: 'binary' }).filter((text) => text.length <= 64 && text.isWellFormed()), ipv4: fc.ipV4(), ipv6: fc.constantFrom('fdff::1', 'fdff:2000::7'),
});

describe('what a link remembers', () => {
  test('without all of what the overlay must know it was never finished', () => {
    const one: Remembered = { ...web, ports: [], network: { applicationId: id, organisation: 'x'.repeat(64), ipv4: '10.30.0.1', ipv6: 'fdff::1' } };
    expect(printOtherNames(one).length).toBeGreaterThan(1);
    expect(readRemembered(printAlias(one), printOtherNames(one).slice(1))).toBeUndefined();
    expect(readRemembered(printAlias(one), [])).toBeUndefined();
  });

  test('comes back as it was, whatever it is', () => {
    fc.assert(fc.property(
      fc.stringMatching(/^[0-9a-f]{24}$/), fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/), fc.ipV4(), fc.integer({ min: 1, max: 254 }),
      fc.array(fc.record({ hostPort: fc.integer({ min: 1, max: 65535 }), targetPort: fc.integer({ min: 1, max: 65535 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const) })),
      fc.option(networkArbitrary, { nil: undefined }),
      (instanceId, name, address, n, ports, network) => {
        const one: Remembered = { instanceId, name, ipv4: `${address}/26`, ipv6: `fd12:3456:789a:bcde:f012:3456:789a:${n.toString(16)}/120`, ports, ...(network && { network }) };
        const names = printOtherNames(one);
        const alias = printAlias(one);
        expect(Buffer.byteLength(alias)).toBeLessThan(256);
        expect(readRemembered(alias, names)).toEqual(one);
        for (const other of names) expect(other).toMatch(/^[^\s/:]{1,127}$/);
      },
    ));
  });

  test.each(['', 'uplink to the router', `oak1 ${id}`, `oak1 ${id} 10.18.0.2/26 fc00::2/120`, `oak1 ${id} x/26 fc00::2/120 web`, `oak1 ${id.toUpperCase()} 10.18.0.2/26 fc00::2/120 web`, `oak2 ${id} 10.18.0.2/26 fc00::2/120 web`])(
    'an alias of somebody else is not ours: %j', (alias) => { expect(readRemembered(alias, [])).toBeUndefined(); });

  test('alternative names of others are ignored', () => {
    expect(readRemembered(printAlias(web), ['enp1s0', 'oakport-x', 'oakport-1-2-sctp', 'oakport-1-2-tcp'])?.ports).toEqual([{ hostPort: 1, targetPort: 2, protocol: 'tcp' }]);
  });
});

describe('ranges', () => {
  test.each([['10.18.0.7/26', '10.18.0.0/26', '10.18.0.1/26'], ['10.18.0.64/26', '10.18.0.64/26', '10.18.0.65/26'], ['fc00::1fe/120', 'fc00::100/120', 'fc00::101/120']])(
    '%s lies in %s behind %s', (address, subnet, gateway) => { expect(rangeOf(address)).toEqual({ subnet, gateway }); });
  test.each(['10.18.0.7', '10.18.0.7/', 'x/26', '10.18.0.7/99', '10.18.0.7/32'])('%s is refused', (text) => { expect(() => rangeOf(text)).toThrow(text); });
});

describe('numbers of nodes', () => {
  const plan = ['10.18.0.0/15', '172.16.0.0/16', '192.168.0.0/21'];
  test.each([
    ['10.18.0.0/26', 1], ['10.18.0.64/26', 2], ['10.19.255.192/26', 2048], ['172.16.0.0/26', 2049], ['192.168.0.64/26', 3074], ['192.168.4.0/24', 3089],
    ['192.168.8.0/26', undefined], ['10.18.0.0/27', undefined], ['fc00::/120', undefined], ['x', undefined],
  ])('%s has %j', (range, number) => { expect(nodeNumber(range, plan)).toBe(number); });

  test('end where marks end', () => {
    expect([nodeNumber('10.15.255.64/26', ['10.0.0.0/8']), nodeNumber('10.15.255.128/26', ['10.0.0.0/8']), nodeNumber('11.0.0.0/26', ['10.0.0.0/8', '11.0.0.0/8'])]).toEqual([16382, undefined, undefined]);
  });

  test('no two /26 of a plan have the same', () => {
    const numbers = plan.flatMap((range) => { const outer = parseSubnet(range); return outer ? Array.from({ length: Number(sizeOf(outer) / 64n) }, (_, at) => nodeNumber(printSubnet({ ...outer, prefix: 26, base: outer.base + BigInt(at * 64) }), plan)) : []; });
    expect(numbers).toEqual(Array.from({ length: 2048 + 1024 + 32 }, (_, at) => at + 1));
  });
});

describe('scripts of one instance', () => {
  test('the node side', () => {
    const link = linkName(id);
    expect(outerLines(web, 'oak0', 1450)).toEqual([
      `netns add oak-${id}`,
      `link add name ${link} mtu 1450 type veth peer name eth0 mtu 1450 address 0a:6b:0a:12:00:02 netns oak-${id}`,
      `link property add dev ${link} altname oakport-8080-80-tcp altname oakport-53-5353-udp`,
      `link set dev ${link} alias "oak1 ${id} 10.18.0.2/26 fc00::2/120 shop.prod.web.prod.instance.0" addrgenmode none`,
      `link set dev ${link} master oak0 up`, `link set dev ${link} type bridge_slave hairpin on`,
    ]);
    expect(outerLines({ ...web, ports: [] }, 'oak0', 1450).some((line) => line.includes('property'))).toBe(false);
  });

  test('the inner side can be repeated; removal takes many at once', () => {
    expect(innerLines(web).every((line) => /^(link set|address replace|route replace)/.test(line))).toBe(true);
    expect(innerLines(web)).toContain('route replace default via fc00::1 dev eth0');
    expect(removeLines([id, id.replace('6', '7')]).filter((line) => line.startsWith('link del'))).toHaveLength(1);
  });
});

describe('what the kernel prints', () => {
  const links = [
    {}, { ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65536, addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    { ifname: 'oak0', flags: ['UP'], mtu: 1450, addr_info: [{ local: '10.18.0.1', prefixlen: 26, scope: 'global' }, { local: 'fe80::1', prefixlen: 64, scope: 'link' }] },
    { ifname: linkName(id), flags: ['UP'], mtu: 1450, master: 'oak0', ifalias: printAlias(web), altnames: printOtherNames(web), linkinfo: { info_kind: 'veth', info_slave_data: { hairpin: true } } },
    { ifname: 'oakv0', flags: [], mtu: 1450 },
    { ifname: 'oakvx', flags: ['UP'], mtu: 1450, address: '0e:00:00:00:00:01', addr_info: [{ local: '10.18.0.1', prefixlen: 32, scope: 'link' }, { local: 'fe80::1', prefixlen: 64 }], linkinfo: { info_kind: 'vxlan', info_data: { port: 50_103 } } },
  ];
  test('links', () => {
    expect(readLinks(links, 'oak0')).toEqual({
      bridge: { up: true, mtu: 1450, addresses: ['10.18.0.1/26'] },
      links: [{ name: linkName(id), up: true, master: 'oak0', hairpin: true, remembered: web }, { name: 'oakv0', up: false, master: undefined, hairpin: false, remembered: undefined }],
      tunnels: new Map([['oakvx', { up: true, mtu: 1450, mac: '0e:00:00:00:00:01', port: 50_103, addresses: ['10.18.0.1/32'] }]]),
    });
    expect(readLinks(links, 'br-lan').bridge).toBeUndefined();
  });

  test('ways to others', () => {
    expect([...readRoutes([{ dst: 'default', gateway: '10.18.0.65', dev: 'oakvx', table: '1869283329', flags: ['onlink'] }, { dst: '10.30.0.0/16', dev: 'oak0', prefsrc: '10.18.0.1', scope: 'link' }], 4)])
      .toEqual([[item.route('1869283329', '0.0.0.0/0'), '10.18.0.65 oakvx '], [item.route('main', '10.30.0.0/16'), ' oak0 10.18.0.1']]);
    expect([...readNeighbours([{ dst: 'fc00::2', lladdr: '0a:00:00:00:00:01', state: ['PERMANENT'] }, { dst: 'fc00::3', lladdr: '0a:00:00:00:00:02', state: ['STALE'] }], 'oak0')]).toEqual([[item.neighbour('oak0', 'fc00::2'), '0a:00:00:00:00:01']]);
    expect([...readEndpoints([{ mac: 'x' }, { mac: '0e:00:00:00:00:02', dst: '192.0.2.2', port: 4 }, { mac: '0e:00:00:00:00:03', dst: '192.0.2.3' }], 'oakvx', 50_103)])
      .toEqual([[item.endpoint('oakvx', '0e:00:00:00:00:02'), '192.0.2.2 4'], [item.endpoint('oakvx', '0e:00:00:00:00:03'), '192.0.2.3 50103']]);
    const rules = [
      { priority: 0, table: 'local' }, { priority: 4100, fwmark: '0', fwmask: '0xfffc0000', goto: 4102 }, { priority: 4102, nop: null },
      { priority: 4101, fwmark: '0x40000', fwmask: '0xfffc0000', iif: 'oak0', table: routingTable(1) }, { priority: 4101, fwmark: '0x80000', fwmask: '0xfffc0000', iif: 'br0', table: routingTable(2) }, { priority: 4101, fwmark: '0xc0000', table: routingTable(3) }, { priority: 4101, fwmark: '0x40000', table: 'main' },
    ];
    expect(readRules(rules, 6)).toEqual({ guarded: true, items: new Map([[item.lookup(6, 1, 'oak0'), ''], [item.lookup(6, 2, 'br0'), ''], [item.lookup(6, 3, ''), '']]) });
    expect(readRules(rules.slice(0, 2), 4)).toEqual({ guarded: false, items: new Map() });
  });

  test.each([[undefined], [{}], [[{ ifname: 1 }]], ['x']])('nonsense is not an empty machine: %j', (json) => {
    expect(() => readLinks(json, 'oak0')).toThrow();
  });
});

describe('flows', () => {
  const text = [
    'tcp      6 431999 ESTABLISHED src=192.0.2.2 dst=192.0.2.1 sport=40000 dport=8080 src=10.18.0.2 dst=192.0.2.2 sport=80 dport=40000 [ASSURED] mark=0 use=1',
    'udp      17 29 src=10.18.0.2 dst=192.0.2.9 sport=1 dport=53 [UNREPLIED] src=192.0.2.9 dst=192.0.2.1 sport=53 dport=1 mark=0 use=1',
    'icmpv6   58 29 src=fc00::2 dst=2001:db8::2 type=128 code=0 id=1 src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=1 mark=0 use=1',
    'tcp      6 9 CLOSE src=10.18.0.3 dst=10.18.0.4 sport=2 dport=3 src=10.18.0.4 dst=10.18.0.3 sport=3 dport=2 mark=0 use=1', '',
  ].join('\n');
  test('only those of the addresses end, each side once', () => {
    expect(forgetLines(parseFlows(text + text), new Set(['10.18.0.2', 'fc00::2', '10.18.0.9']))).toEqual(['-D -s 10.18.0.2', '-D -f ipv6 -s fc00::2', '-D -r 10.18.0.2']);
    expect(forgetLines(parseFlows(''), new Set(['10.18.0.2']))).toEqual([]);
  });
});

describe('ports of other processes', () => {
  const tcp = `  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1
`;
  const files: Record<string, string> = { tcp, tcp6: 'head\n 0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0\n', udp: 'head\n 0: 3500007F:0035 00000000:0000 07 0\n', udp6: 'head\n' };
  const read = (file: string) => files[file] ?? '';
  test('who listens counts, who is connected does not', () => {
    expect(portsInUse('tcp', read)).toEqual(new Set([8080, 443]));
    expect(portsInUse('udp', read)).toEqual(new Set([53]));
    expect(parseSockets('', '0A')).toEqual([]);
  });
  test('the first conflict is named, by protocol', () => {
    const inUse = (protocol: 'tcp' | 'udp') => portsInUse(protocol, read);
    expect(firstInUse([{ hostPort: 8080, targetPort: 1, protocol: 'udp' }, { hostPort: 443, targetPort: 2, protocol: 'tcp' }], inUse)).toEqual({ hostPort: 443, targetPort: 2, protocol: 'tcp' });
    expect(firstInUse([{ hostPort: 80, targetPort: 1, protocol: 'tcp' }], inUse)).toBeUndefined();
  });
});
