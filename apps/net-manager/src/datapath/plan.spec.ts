import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PortMapping } from '@oak/net-api';
import type { Desired, Kernel, Link } from './kernel.ts';
import { linkName } from './names.ts';
import { elementsOf, mtu, plan, type Change } from './plan.ts';
import type { Remembered } from './remembered.ts';
import { render } from './render.ts';
import { elementSets, markerOf, ruleCount, type ElementSet } from './table.ts';

const instance = (n: number, ports: readonly PortMapping[] = [], range = '10.18.0'): Remembered => ({
  instanceId: n.toString(16).padStart(24, '0'), name: `i${n}`, ipv4: `${range}.${n}/26`, ipv6: `fc00::${n.toString(16)}/120`, ports,
});
const web = instance(2, [{ hostPort: 8080, targetPort: 80, protocol: 'tcp' }]);
const desired: Desired = { bridge: 'oak0', ranges: ['10.18.0.0/26', 'fc00::/120'], attachments: [web, instance(3)] };
const empty: Kernel = { bridge: undefined, links: [], table: undefined };

/** What the kernel has once every step is taken: the model that the plan is checked against. */
function take(changes: readonly Change[], wanted: Desired, kernel: Kernel): Kernel {
  return changes.reduce<Kernel>((state, change) => step(state, change, wanted), kernel);
}
function step(kernel: Kernel, change: Change, wanted: Desired): Kernel {
  const bridge = kernel.bridge ?? { up: true, mtu, addresses: [] };
  switch (change.kind) {
    case 'make-bridge': return { ...kernel, bridge };
    case 'raise-bridge': return { ...kernel, bridge: { ...bridge, up: true, mtu } };
    case 'add-address': return { ...kernel, bridge: { ...bridge, addresses: [...bridge.addresses, change.address] } };
    case 'remove-address': return { ...kernel, bridge: { ...bridge, addresses: bridge.addresses.filter((address) => address !== change.address) } };
    case 'remove-link': return { ...kernel, links: kernel.links.filter(({ name }) => name !== change.link) };
    case 'join-link': return { ...kernel, links: kernel.links.map((link) => (link.name === change.link ? { ...link, master: wanted.bridge, up: true, hairpin: true } : link)) };
    case 'make-table': return { ...kernel, table: { marker: markerOf(wanted.bridge), rules: ruleCount(wanted.bridge), elements: elementsOf(wanted) } };
    case 'change-elements': return changeElements(kernel, change);
  }
}
function changeElements(kernel: Kernel, { set, remove, add }: Extract<Change, { kind: 'change-elements' }>): Kernel {
  if (!kernel.table) throw new Error('no table');
  const left = [...kernel.table.elements[set]].filter(([key]) => !remove.includes(key));
  // The kernel refuses to add a key that is there with another value.
  expect(left.filter(([key]) => add.some(([added]) => added === key))).toEqual([]);
  return { ...kernel, table: { ...kernel.table, elements: { ...kernel.table.elements, [set]: new Map([...left, ...add]) } } };
}
const linkOf = (remembered: Remembered, change: Partial<Link> = {}): Link => ({ name: linkName(remembered.instanceId), up: true, master: 'oak0', hairpin: true, remembered, ...change });
const whole = (wanted: Desired): Kernel => take(plan(wanted, { ...empty, links: wanted.attachments.map((one) => linkOf(one)) }), wanted, { ...empty, links: wanted.attachments.map((one) => linkOf(one)) });

describe('plan', () => {
  test('an empty machine gets bridge, addresses and table', () => {
    expect(plan({ ...desired, attachments: [] }, empty).map(({ kind }) => kind)).toEqual(['make-bridge', 'add-address', 'add-address', 'make-table']);
  });

  test('without a subnet it still adopts', () => {
    expect(plan({ ...desired, ranges: [], attachments: [] }, empty).map(({ kind }) => kind)).toEqual(['make-bridge', 'make-table']);
  });

  test('nothing to do when all is there', () => {
    expect(plan(desired, whole(desired))).toEqual([]);
  });

  test.each<[string, (kernel: Kernel) => Kernel, unknown[]]>([
    ['a lost mapping', (kernel) => without(kernel, 'port4', 'tcp . 8080'), [{ kind: 'change-elements', set: 'port4', remove: [], add: [['tcp . 8080', '10.18.0.2 . 80']] }]],
    ['a wrong mapping', (kernel) => withElement(kernel, 'port4', 'tcp . 8080', '10.18.0.9 . 80'), [{ kind: 'change-elements', set: 'port4', remove: ['tcp . 8080'], add: [['tcp . 8080', '10.18.0.2 . 80']] }]],
    ['a mapping of nobody', (kernel) => withElement(kernel, 'port6', 'udp . 53', 'fc00::9 . 53'), [{ kind: 'change-elements', set: 'port6', remove: ['udp . 53'], add: [] }]],
    ['other rules than ours', (kernel) => ({ ...kernel, table: kernel.table && { ...kernel.table, rules: 3 } }), [{ kind: 'make-table' }]],
    ['rules of another version', (kernel) => ({ ...kernel, table: kernel.table && { ...kernel.table, marker: 'rules_old' } }), [{ kind: 'make-table' }]],
    ['a link that left the bridge', (kernel) => withLink(kernel, linkOf(web, { master: undefined })), [{ kind: 'join-link', link: linkName(web.instanceId) }]],
    ['a link that is down', (kernel) => withLink(kernel, linkOf(web, { up: false })), [{ kind: 'join-link', link: linkName(web.instanceId) }]],
    ['a link that nobody finished', (kernel) => ({ ...kernel, links: [...kernel.links, { ...linkOf(web), name: 'oakvx', remembered: undefined }] }), [{ kind: 'remove-link', link: 'oakvx' }]],
    ['a bridge that is down', (kernel) => ({ ...kernel, bridge: kernel.bridge && { ...kernel.bridge, up: false } }), [{ kind: 'raise-bridge' }]],
    ['an address too many', (kernel) => ({ ...kernel, bridge: kernel.bridge && { ...kernel.bridge, addresses: [...kernel.bridge.addresses, '10.19.0.1/26'] } }), [{ kind: 'remove-address', address: '10.19.0.1/26' }]],
  ])('%s is put right and nothing else is touched', (_, damage, changes) => {
    expect(plan(desired, damage(whole(desired)))).toEqual(changes);
  });

  test('a new subnet keeps the gateways of those who have addresses of the old one', () => {
    const moved: Desired = { ...desired, ranges: ['10.18.4.0/26', 'fc00::400/120'] };
    expect(plan(moved, whole(desired)).filter(({ kind }) => kind.endsWith('address'))).toEqual([{ kind: 'add-address', address: '10.18.4.1/26' }, { kind: 'add-address', address: 'fc00::401/120' }]);
    expect([...elementsOf(moved).node4.keys()]).toEqual(['10.18.4.0/26', '10.18.0.0/26']);
    const gone: Desired = { ...moved, attachments: [] };
    expect(plan(gone, whole(moved)).filter(({ kind }) => kind === 'remove-address')).toEqual([{ kind: 'remove-address', address: '10.18.0.1/26' }, { kind: 'remove-address', address: 'fc00::1/120' }]);
  });

  test('from any state of the kernel the steps lead to what is wanted, and a second plan is empty', () => {
    fc.assert(fc.property(desiredArbitrary, desiredArbitrary, fc.boolean(), (wanted, before, hasTable) => {
      const links = wanted.attachments.map((one, i) => linkOf(one, i % 2 ? {} : { up: false }));
      const kernel: Kernel = { ...whole(before), links, ...(hasTable ? {} : { table: undefined }) };
      expect(plan(wanted, take(plan(wanted, kernel), wanted, kernel))).toEqual([]);
    }));
  });
});

describe('render', () => {
  test('one line names one thing; nothing names what is not ours', () => {
    const scripts = render(plan(desired, { ...empty, links: [linkOf(web, { up: false })] }), desired);
    expect(scripts.ip).toEqual([
      'link add name oak0 mtu 1450 address 0a:6b:00:00:00:01 type bridge', 'link set dev oak0 up',
      'address replace 10.18.0.1/26 dev oak0', 'address replace fc00::1/120 dev oak0 nodad',
      `link set dev ${linkName(web.instanceId)} master oak0 up`, `link set dev ${linkName(web.instanceId)} type bridge_slave hairpin on`,
    ]);
    expect(scripts.nft.slice(0, 2)).toEqual(['add table inet oakestra', 'delete table inet oakestra']);
    expect(scripts.nft.slice(3)).toEqual([
      'add element inet oakestra node4 { 10.18.0.0/26 }', 'add element inet oakestra node6 { fc00::/120 }',
      'add element inet oakestra port4 { tcp . 8080 : 10.18.0.2 . 80 }', 'add element inet oakestra port6 { tcp . 8080 : fc00::2 . 80 }',
    ]);
  });

  test('a changed element is deleted before it is added', () => {
    const { nft } = render([{ kind: 'change-elements', set: 'port4', remove: ['tcp . 1'], add: [['tcp . 1', '10.18.0.2 . 80']] }], desired);
    expect(nft).toEqual(['delete element inet oakestra port4 { tcp . 1 }', 'add element inet oakestra port4 { tcp . 1 : 10.18.0.2 . 80 }']);
  });
});

const portArbitrary = fc.record({ hostPort: fc.integer({ min: 1, max: 9 }), targetPort: fc.integer({ min: 1, max: 9 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const) });
const desiredArbitrary: fc.Arbitrary<Desired> = fc.record({
  ranges: fc.constantFrom(['10.18.0.0/26', 'fc00::/120'], ['10.18.4.0/26', 'fc00::400/120'], []),
  attachments: fc.uniqueArray(fc.tuple(fc.integer({ min: 2, max: 60 }), fc.option(portArbitrary), fc.constantFrom('10.18.0', '10.19.7')), { selector: ([n]) => n, maxLength: 8 })
    .map((all) => distinctPorts(all.map(([n, port, range]) => instance(n, port ? [port] : [], range)))),
}).map((one) => ({ bridge: 'oak0', ...one }));

function distinctPorts(all: readonly Remembered[]): Remembered[] {
  const taken = new Set<string>();
  return all.map((one) => ({ ...one, ports: one.ports.filter(({ hostPort, protocol }) => !taken.has(`${hostPort}${protocol}`) && taken.add(`${hostPort}${protocol}`)) }));
}
function without(kernel: Kernel, set: ElementSet, key: string): Kernel {
  return withElements(kernel, set, [...(kernel.table?.elements[set] ?? [])].filter(([known]) => known !== key));
}
function withElement(kernel: Kernel, set: ElementSet, key: string, value: string): Kernel {
  return withElements(kernel, set, [...(kernel.table?.elements[set] ?? []), [key, value]]);
}
function withElements(kernel: Kernel, set: ElementSet, entries: [string, string][]): Kernel {
  if (!kernel.table) throw new Error('no table');
  return { ...kernel, table: { ...kernel.table, elements: { ...kernel.table.elements, [set]: new Map(entries) } } };
}
function withLink(kernel: Kernel, link: Link): Kernel {
  return { ...kernel, links: kernel.links.map((known) => (known.name === link.name ? link : known)) };
}

test('every set and map of the table is planned', () => {
  expect(Object.keys(elementsOf(desired)).toSorted()).toEqual([...elementSets].toSorted());
});
