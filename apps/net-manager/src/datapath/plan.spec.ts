import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PortMapping } from '@oak/net-api';
import { instanceItems } from '../overlay/instance-items.ts';
import { itemSteps } from '../netlink/item-steps.ts';
import { itemText } from './item-text.ts';
import { isBridgeElement, isNft, item } from './items.ts';
import type { Desired, Kernel, Link } from './kernel.ts';
import { linkName, tunnels } from './names.ts';
import { plan, tableOptions, tunnelMtu, type Change } from './plan.ts';
import type { Remembered } from './remembered.ts';
import { render } from './render.ts';
import { markerOf, ruleCount } from './table.ts';

const instance = (n: number, ports: readonly PortMapping[] = [], range = '10.18.0'): Remembered => ({
  instanceId: n.toString(16).padStart(24, '0'), name: `i${n}`, ipv4: `${range}.${n}/26`, ipv6: `fc00::${n.toString(16)}/120`, ports,
});
const web = instance(2, [{ hostPort: 8080, targetPort: 80, protocol: 'tcp' }]);
const can = { services: true, guard: true, tunnels: true };
const wanting = (attachments: readonly Remembered[], change: Partial<Desired> = {}): Desired => ({
  bridge: 'oak0', tunnelPort: 50_103, can, mtu: 1450, encrypted: false, tunnelMac: '0e:00:00:00:00:01', ranges: ['10.18.0.0/26', 'fc00::/120'], attachments,
  items: new Map(attachments.flatMap((one) => [...instanceItems(one, 'oak0')])), ...change,
});
const desired = wanting([web, instance(3)]);
const empty: Kernel = { bridge: undefined, links: [], tunnels: new Map(), tables: { inet: undefined, bridge: undefined }, guards: new Set(), items: new Map() };

/** What the kernel has once every step is taken: the model that the plan is checked against. */
function take(changes: readonly Change[], wanted: Desired, kernel: Kernel): Kernel {
  return changes.reduce<Kernel>((state, change) => step(state, change, wanted), kernel);
}
function step(kernel: Kernel, change: Change, wanted: Desired): Kernel {
  const bridge = kernel.bridge ?? { up: true, mtu: wanted.mtu, addresses: [] };
  switch (change.kind) {
    case 'make-bridge': return { ...kernel, bridge };
    case 'raise-bridge': return { ...kernel, bridge: { ...bridge, up: true, mtu: wanted.mtu } };
    case 'add-address': return { ...kernel, bridge: { ...bridge, addresses: [...bridge.addresses, change.address] } };
    case 'remove-address': return { ...kernel, bridge: { ...bridge, addresses: bridge.addresses.filter((address) => address !== change.address) } };
    case 'remove-link': return { ...kernel, links: kernel.links.filter(({ name }) => name !== change.link) };
    case 'join-link': return { ...kernel, links: kernel.links.map((link) => (link.name === change.link ? { ...link, master: wanted.bridge, up: true, hairpin: true } : link)) };
    case 'make-table': return {
      ...kernel, items: new Map([...kernel.items].filter(([id]) => !isNft(id) || isBridgeElement(id) !== (change.family === 'bridge'))),
      tables: { ...kernel.tables, [change.family]: { marker: markerOf(change.family, tableOptions(wanted)), rules: ruleCount(change.family, tableOptions(wanted)) } },
    };
    case 'remove-tunnel': return { ...kernel, tunnels: new Map([...kernel.tunnels].filter(([name]) => name !== tunnels[change.family])) };
    case 'make-tunnel':
    case 'raise-tunnel': return { ...kernel, tunnels: new Map([...kernel.tunnels, [tunnels[change.family], { up: true, mtu: tunnelMtu(wanted, change.family), mac: wanted.tunnelMac ?? '', port: wanted.tunnelPort, addresses: [] }]]) };
    case 'make-guard': return { ...kernel, guards: new Set([...kernel.guards, change.family]) };
    case 'change-items': return changeItems(kernel, change);
  }
}
function changeItems(kernel: Kernel, { changes }: Extract<Change, { kind: 'change-items' }>): Kernel {
  const items = new Map(kernel.items);
  for (const { id, from, to } of changes) {
    // The kernel refuses to delete what is not there, and to add a key that is there with another value.
    expect(items.get(id)).toBe(from);
    if (to === undefined) items.delete(id);
    else items.set(id, to);
  }
  return { ...kernel, items };
}
const linkOf = (remembered: Remembered, change: Partial<Link> = {}): Link => ({ name: linkName(remembered.instanceId), up: true, master: 'oak0', hairpin: true, remembered, ...change });
const whole = (wanted: Desired): Kernel => take(plan(wanted, { ...empty, links: wanted.attachments.map((one) => linkOf(one)) }), wanted, { ...empty, links: wanted.attachments.map((one) => linkOf(one)) });
const port8080 = item.element('port4', 'tcp . 8080');

describe('plan', () => {
  test('an empty machine gets bridge, addresses, tables and tunnels', () => {
    expect(plan(wanting([]), empty).map(({ kind }) => kind)).toEqual(['make-bridge', 'add-address', 'add-address', 'make-table', 'make-table', 'make-tunnel', 'make-tunnel', 'make-guard', 'make-guard']);
  });

  test('without a subnet it still adopts', () => {
    expect(plan(wanting([], { ranges: [], tunnelMac: undefined }), empty).map(({ kind }) => kind)).toEqual(['make-bridge', 'make-table', 'make-table', 'make-guard', 'make-guard']);
  });

  test('a kernel that can not guard bridges gets the rest', () => {
    expect(plan(wanting([], { can: { ...can, guard: false } }), empty).filter(({ kind }) => kind === 'make-table')).toEqual([{ kind: 'make-table', family: 'inet' }]);
  });

  test('nothing to do when all is there', () => {
    expect(plan(desired, whole(desired))).toEqual([]);
  });

  test.each<[string, (kernel: Kernel) => Kernel, unknown[]]>([
    ['a lost mapping', (kernel) => withItem(kernel, port8080, undefined), [changed(port8080, undefined, '10.18.0.2 . 80')]],
    ['a wrong mapping', (kernel) => withItem(kernel, port8080, '10.18.0.9 . 80'), [changed(port8080, '10.18.0.9 . 80', '10.18.0.2 . 80')]],
    ['a mapping of nobody', (kernel) => withItem(kernel, item.element('port6', 'udp . 53'), 'fc00::9 . 53'), [changed(item.element('port6', 'udp . 53'), 'fc00::9 . 53', undefined)]],
    ['a damaged chain of nobody', (kernel) => withItem(kernel, item.chain('k_all'), 'damaged'), [changed(item.chain('k_all'), 'damaged', undefined)]],
    ['a link that left the bridge', (kernel) => withLink(kernel, linkOf(web, { master: undefined })), [{ kind: 'join-link', link: linkName(web.instanceId) }]],
    ['a link that is down', (kernel) => withLink(kernel, linkOf(web, { up: false })), [{ kind: 'join-link', link: linkName(web.instanceId) }]],
    ['a link that nobody finished', (kernel) => ({ ...kernel, links: [...kernel.links, { ...linkOf(web), name: 'oakvhalf', remembered: undefined }] }), [{ kind: 'remove-link', link: 'oakvhalf' }]],
    ['a bridge that is down', (kernel) => ({ ...kernel, bridge: kernel.bridge && { ...kernel.bridge, up: false } }), [{ kind: 'raise-bridge' }]],
    ['an address too many', (kernel) => ({ ...kernel, bridge: kernel.bridge && { ...kernel.bridge, addresses: [...kernel.bridge.addresses, '10.19.0.1/26'] } }), [{ kind: 'remove-address', address: '10.19.0.1/26' }]],
    ['a tunnel that is down', (kernel) => withTunnel(kernel, { up: false }), [{ kind: 'raise-tunnel', family: 4 }]],
    ['a tunnel of another node', (kernel) => withTunnel(kernel, { mac: '0e:00:00:00:00:02' }), [{ kind: 'remove-tunnel', family: 4 }, { kind: 'make-tunnel', family: 4 }]],
    ['a missing guard', (kernel) => ({ ...kernel, guards: new Set([4 as const]) }), [{ kind: 'make-guard', family: 6 }]],
  ])('%s is put right and nothing else is touched', (_, damage, changes) => {
    expect(plan(desired, damage(whole(desired)))).toEqual(changes);
  });

  test.each<[string, Partial<Kernel['tables']['inet'] & object>]>([['other rules than ours', { rules: 3 }], ['rules of another version', { marker: 'rules_old' }]])('%s: the table is made anew with all that is in it', (_, change) => {
    const kernel = whole(desired);
    const [table, items] = plan(desired, { ...kernel, tables: { ...kernel.tables, inet: kernel.tables.inet && { ...kernel.tables.inet, ...change } } });
    expect(table).toEqual({ kind: 'make-table', family: 'inet' });
    expect(items?.kind === 'change-items' && items.changes.map(({ id }) => id).toSorted()).toEqual([...desired.items.keys()].filter((id) => isNft(id) && !isBridgeElement(id)).toSorted());
  });

  test('with a bridge and a tunnel goes what was there', () => {
    const lost: Kernel = { ...whole(desired), bridge: undefined };
    const changes = plan(desired, lost).flatMap((change) => (change.kind === 'change-items' ? change.changes : []));
    expect(changes.map(({ id }) => id).toSorted()).toEqual([...desired.items.keys()].filter((id) => id.startsWith('neighbour|oak0|')).toSorted());
  });

  test('a new subnet keeps the gateways of those who have addresses of the old one', () => {
    const moved = wanting([web, instance(3)], { ranges: ['10.18.4.0/26', 'fc00::400/120'] });
    expect(plan(moved, whole(desired)).filter(({ kind }) => kind.endsWith('address'))).toEqual([{ kind: 'add-address', address: '10.18.4.1/26' }, { kind: 'add-address', address: 'fc00::401/120' }]);
    const gone: Desired = { ...moved, attachments: [] };
    expect(plan(gone, whole(moved)).filter(({ kind }) => kind === 'remove-address')).toEqual([{ kind: 'remove-address', address: '10.18.0.1/26' }, { kind: 'remove-address', address: 'fc00::1/120' }]);
  });

  test('from any state of the kernel the steps lead to what is wanted, and a second plan is empty', () => {
    fc.assert(fc.property(desiredArbitrary, desiredArbitrary, fc.boolean(), fc.boolean(), (wanted, before, hasTable, hasBridge) => {
      const links = wanted.attachments.map((one, i) => linkOf(one, i % 2 ? {} : { up: false }));
      const kernel: Kernel = { ...whole(before), links, ...(hasTable ? {} : { tables: { inet: undefined, bridge: undefined } }), ...(hasBridge ? {} : { bridge: undefined }) };
      const there = { ...kernel, items: new Map([...kernel.items].filter(([id]) => (hasTable || !isNft(id)) && (hasBridge || !id.startsWith('neighbour|oak0|')))) };
      expect(plan(wanted, take(plan(wanted, there), wanted, there))).toEqual([]);
    }));
  });
});

describe('render', () => {
  test('one line names one thing; nothing names what is not ours', () => {
    const scripts = render(plan(desired, { ...empty, links: [linkOf(web, { up: false })] }), desired);
    expect(scripts.ip.filter((line) => !line.startsWith('neighbour'))).toEqual([
      'link add name oak0 mtu 1450 address 0a:6b:00:00:00:01 type bridge', 'link set dev oak0 up',
      'address replace 10.18.0.1/26 dev oak0', 'address replace fc00::1/120 dev oak0 nodad',
      `link set dev ${linkName(web.instanceId)} master oak0 up`, `link set dev ${linkName(web.instanceId)} type bridge_slave hairpin on`,
      'link add name oakvx mtu 1450 address 0e:00:00:00:00:01 type vxlan id 7299435 dstport 50103 nolearning', 'link set dev oakvx addrgenmode none up',
      'link add name oakvx6 mtu 1430 address 0e:00:00:00:00:01 type vxlan id 7299435 dstport 50103 nolearning local ::', 'link set dev oakvx6 addrgenmode none up',
      'rule add pref 4102 protocol 147 nop', 'rule add pref 4100 fwmark 0/0xfffc0000 protocol 147 goto 4102',
    ]);
    expect(scripts.tables.slice(0, 2)).toEqual(['add table inet oakestra', 'delete table inet oakestra']);
    expect(scripts.tables.slice(3, 5)).toEqual(['add table bridge oakestra', 'delete table bridge oakestra']);
    const text = itemText(scripts.items);
    expect(text.every((line) => /^add element (inet|bridge) oakestra \w+ \{ .* \}$/.test(line))).toBe(true);
    expect(text.filter((line) => line.startsWith('add element bridge oakestra from4 '))).toHaveLength(1);
    expect(text).toContain('add element inet oakestra port4 { tcp . 8080 : 10.18.0.2 . 80 }');
  });

  test('half a guard goes before a whole one comes', () => {
    const { ipGone, ip6Gone } = render([{ kind: 'make-guard', family: 4 }, { kind: 'make-guard', family: 6 }], desired);
    const both = ['rule del pref 4100 protocol 147', 'rule del pref 4102 protocol 147'];
    expect([ipGone, ip6Gone]).toEqual([both, both]);
  });

  test('a rule for routes goes with the link that it names', () => {
    const { ip, ip6Gone } = render([{ kind: 'change-items', changes: [{ id: item.lookup(6, 1, 'br0'), from: '', to: undefined }, { id: item.lookup(4, 1, 'oak0'), from: undefined, to: '' }] }], desired);
    expect([ip, ip6Gone]).toEqual([['rule add pref 4101 fwmark 0x00040000/0xfffc0000 iif oak0 lookup 1869283329 protocol 147'], ['rule del pref 4101 fwmark 0x00040000/0xfffc0000 iif br0 lookup 1869283329 protocol 147']]);
  });

  test('a changed element is deleted before it is added; chains come before and go after', () => {
    const [chain, old] = [item.chain(`s_${'0'.repeat(24)}_8_1_0_inc`), item.chain(`s_${'0'.repeat(24)}_4_1_0_inc`)];
    const { items } = render([{ kind: 'change-items', changes: [{ id: old, from: '', to: undefined }, { id: port8080, from: '10.18.0.2 . 80', to: '10.18.0.3 . 80' }, { id: chain, from: undefined, to: '' }] }], desired);
    expect(itemSteps(items).map((step) => step.text.split(' ').slice(0, 2).join(' '))).toEqual(['add chain', 'add rule', 'add rule', 'delete in', 'add in', 'flush chain', 'delete chain']);
  });
});

const portArbitrary = fc.record({ hostPort: fc.integer({ min: 1, max: 9 }), targetPort: fc.integer({ min: 1, max: 9 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const) });
const desiredArbitrary: fc.Arbitrary<Desired> = fc.record({
  ranges: fc.constantFrom(['10.18.0.0/26', 'fc00::/120'], ['10.18.4.0/26', 'fc00::400/120'], []),
  tunnelMac: fc.constantFrom('0e:00:00:00:00:01', '0e:00:00:00:00:02', undefined),
  attachments: fc.uniqueArray(fc.tuple(fc.integer({ min: 2, max: 60 }), fc.option(portArbitrary), fc.constantFrom('10.18.0', '10.19.7')), { selector: ([n]) => n, maxLength: 8 })
    .map((all) => distinctPorts(all.map(([n, port, range]) => instance(n, port ? [port] : [], range)))),
}).map(({ attachments, ...change }) => wanting(attachments, change));

function distinctPorts(all: readonly Remembered[]): Remembered[] {
  const taken = new Set<string>();
  return all.map((one) => ({ ...one, ports: one.ports.filter(({ hostPort, protocol }) => !taken.has(`${hostPort}${protocol}`) && taken.add(`${hostPort}${protocol}`)) }));
}
function changed(id: string, from: string | undefined, to: string | undefined): Change {
  return { kind: 'change-items', changes: [{ id, from, to }] };
}
function withItem(kernel: Kernel, id: string, value: string | undefined): Kernel {
  const items = new Map(kernel.items);
  if (value === undefined) items.delete(id);
  else items.set(id, value);
  return { ...kernel, items };
}
function withTunnel(kernel: Kernel, change: object): Kernel {
  const tunnel = kernel.tunnels.get('oakvx');
  return { ...kernel, tunnels: new Map([...kernel.tunnels, ...(tunnel ? [['oakvx', { ...tunnel, ...change }] as const] : [])]) };
}
function withLink(kernel: Kernel, link: Link): Kernel {
  return { ...kernel, links: kernel.links.map((known) => (known.name === link.name ? link : known)) };
}
