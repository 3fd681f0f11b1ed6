import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { innerLines, outerLines, removeLines } from './attach-script.ts';
import { forgetLines, parseFlows } from './flows.ts';
import { firstInUse, parseSockets, portsInUse } from './host-ports.ts';
import { linkName, macOf, netnsPath } from './names.ts';
import { rangeOf } from './range.ts';
import { readLinks, readTable } from './read-kernel.ts';
import { printAlias, printPortName, readRemembered, type Remembered } from './remembered.ts';

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

describe('what a link remembers', () => {
  test('comes back as it was, whatever it is', () => {
    fc.assert(fc.property(
      fc.stringMatching(/^[0-9a-f]{24}$/), fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/), fc.ipV4(), fc.integer({ min: 1, max: 254 }),
      fc.array(fc.record({ hostPort: fc.integer({ min: 1, max: 65535 }), targetPort: fc.integer({ min: 1, max: 65535 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const) })),
      (instanceId, name, address, n, ports) => {
        const one: Remembered = { instanceId, name, ipv4: `${address}/26`, ipv6: `fd12:3456:789a:bcde:f012:3456:789a:${n.toString(16)}/120`, ports };
        const alias = printAlias(one);
        expect(Buffer.byteLength(alias)).toBeLessThan(256);
        expect(readRemembered(alias, ports.map(printPortName))).toEqual(one);
        for (const port of ports) expect(printPortName(port)).toMatch(/^[^\s/:]{1,127}$/);
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

describe('scripts of one instance', () => {
  test('the node side', () => {
    const link = linkName(id);
    expect(outerLines(web, 'oak0')).toEqual([
      `netns add oak-${id}`,
      `link add name ${link} mtu 1450 type veth peer name eth0 mtu 1450 address 0a:6b:0a:12:00:02 netns oak-${id}`,
      `link property add dev ${link} altname oakport-8080-80-tcp altname oakport-53-5353-udp`,
      `link set dev ${link} alias "oak1 ${id} 10.18.0.2/26 fc00::2/120 shop.prod.web.prod.instance.0" addrgenmode none`,
      `link set dev ${link} master oak0 up`, `link set dev ${link} type bridge_slave hairpin on`,
    ]);
    expect(outerLines({ ...web, ports: [] }, 'oak0').some((line) => line.includes('property'))).toBe(false);
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
    { ifname: linkName(id), flags: ['UP'], mtu: 1450, master: 'oak0', ifalias: printAlias(web), altnames: web.ports.map(printPortName), linkinfo: { info_kind: 'veth', info_slave_data: { hairpin: true } } },
    { ifname: 'oakv0', flags: [], mtu: 1450 },
  ];
  test('links', () => {
    expect(readLinks(links, 'oak0')).toEqual({
      bridge: { up: true, mtu: 1450, addresses: ['10.18.0.1/26'] },
      links: [{ name: linkName(id), up: true, master: 'oak0', hairpin: true, remembered: web }, { name: 'oakv0', up: false, master: undefined, hairpin: false, remembered: undefined }],
    });
    expect(readLinks(links, 'br-lan').bridge).toBeUndefined();
  });

  test('the table', () => {
    const { marker, rules, elements } = readTable({ nftables: [
      { metainfo: { version: '1.0.6' } }, { table: { family: 'inet', name: 'oakestra' } },
      { set: { name: 'node4', elem: [{ prefix: { addr: '10.18.0.0', len: 26 } }] } }, { set: { name: 'node6' } },
      { map: { name: 'port4', elem: [[{ concat: ['tcp', 8080] }, { concat: ['10.18.0.2', 80] }], [{ elem: { val: 1 } }, { concat: ['10.18.0.3', 80] }]] } }, { map: { name: 'port6' } },
      { chain: { name: 'guard' } }, { chain: { name: 'rules_abc' } }, { rule: { chain: 'guard', expr: [] } }, { rule: { chain: 'forward' } },
    ] });
    expect({ marker, rules }).toEqual({ marker: 'rules_abc', rules: 2 });
    expect([...elements.node4, ...elements.node6, ...elements.port4]).toEqual([['10.18.0.0/26', ''], ['tcp . 8080', '10.18.0.2 . 80'], ['{"elem":{"val":1}}', '10.18.0.3 . 80']]);
  });

  test.each([[undefined], [{}], [[{ ifname: 1 }]], ['x']])('nonsense is not an empty machine: %j', (json) => {
    expect(() => readLinks(json, 'oak0')).toThrow();
    expect(() => readTable(json)).toThrow();
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
