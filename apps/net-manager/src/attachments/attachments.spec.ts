import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { AttachRequest } from '@oak/net-api';
import { Datapath } from '../datapath/datapath.ts';
import { Nftables } from '../netlink/nftables.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { AppliedOverlay } from '../overlay/applied-overlay.ts';
import { AttachmentBook } from './attachment-book.ts';
import { Attachments } from './attachments.ts';
import { Gate } from './gate.ts';
import { Lanes } from './lanes.ts';

const subnet = { v4: '10.18.0.0/26', v6: 'fc00::/120' };
const id = (n: number): string => n.toString(16).padStart(24, '0');
const request = (n: number, hostPort?: number): AttachRequest => ({ instanceId: id(n), name: `i${n}`, ports: hostPort === undefined ? [] : [{ hostPort, targetPort: 80, protocol: 'tcp' }] });
const tick = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('the book', () => {
  test('addresses of both families go together, from .2 on', () => {
    const book = new AttachmentBook();
    expect(book.reserve(request(1, 80), [subnet])).toEqual({ ...request(1, 80), ipv4: '10.18.0.2/26', ipv6: 'fc00::2/120' });
    expect(book.reserve(request(2), [subnet])).toMatchObject({ ipv4: '10.18.0.3/26', ipv6: 'fc00::3/120' });
  });

  test('a freed address comes last', () => {
    const book = new AttachmentBook();
    book.reserve(request(1), [subnet]);
    book.reserve(request(2), [subnet]);
    book.release(id(1));
    expect(book.reserve(request(3), [subnet]).ipv4).toBe('10.18.0.4/26');
    for (let n = 4; n <= 61; n += 1) book.reserve(request(n), [subnet]);
    expect(book.reserve(request(62), [subnet]).ipv4).toBe('10.18.0.2/26');
    expect(() => book.reserve(request(63), [subnet])).toThrow('no address is left in 10.18.0.0/26: all 61 are in use');
  });

  test('a further subnet is used when the first has no room', () => {
    const book = new AttachmentBook();
    const two = [{ v4: '10.18.0.0/29', v6: 'fc00::/120' }, { v4: '10.18.0.64/26', v6: 'fc00::100/120' }];
    for (let n = 1; n <= 5; n += 1) book.reserve(request(n), two.slice(0, 1));
    expect([book.isFull(two.slice(0, 1)), book.isFull(two)]).toEqual([true, false]);
    expect(() => book.reserve(request(6), two.slice(0, 1))).toThrow('no address is left in 10.18.0.0/29: all 5');
    expect(book.reserve(request(6), two)).toMatchObject({ ipv4: '10.18.0.66/26', ipv6: 'fc00::102/120' });
  });

  test('an instance IP belongs to one', () => {
    const book = new AttachmentBook();
    const network = { applicationId: id(9), organisation: 'acme', ipv4: '10.30.0.1', ipv6: 'fdff::1' };
    book.reserve({ ...request(1), network }, [subnet]);
    expect(() => book.reserve({ ...request(2), network: { ...network, ipv4: '10.30.0.2' } }, [subnet])).toThrow('is that of i1');
    book.release(id(1));
    expect(book.reserve({ ...request(2), network }, [subnet]).network).toEqual(network);
  });

  test('a taken port is refused by the name of its owner, and is free again after', () => {
    const book = new AttachmentBook();
    book.reserve(request(1, 8080), [subnet]);
    expect(() => book.reserve(request(2, 8080), [subnet])).toThrow('port 8080/tcp is taken by i1');
    expect(book.all()).toHaveLength(1);
    expect(book.reserve({ ...request(3), ports: [{ hostPort: 8080, targetPort: 80, protocol: 'udp' }] }, [subnet]).ports).toHaveLength(1);
    book.release(id(1));
    expect(book.reserve(request(2, 8080), [subnet]).instanceId).toBe(id(2));
  });

  test('the kernel is believed: unknown ones come in, vanished ones go out and are told', () => {
    const book = new AttachmentBook();
    const gone = book.reserve(request(1, 8080), [subnet]);
    const found: Remembered = { ...request(2, 9090), ipv4: '10.18.0.9/26', ipv6: 'fc00::9/120' };
    expect(book.adopt([found])).toEqual([gone]);
    expect(book.all()).toEqual([found]);
    expect(() => book.reserve(request(3, 9090), [subnet])).toThrow('taken by i2');
  });

  test('an IPv6 range that is too small is our bug, said so', () => {
    const book = new AttachmentBook();
    expect(() => { for (let n = 1; n < 20; n += 1) book.reserve(request(n), [{ v4: '10.18.0.0/26', v6: 'fc00::/125' }]); }).toThrow('fc00::/125 has no address number 8');
  });

  test('no two ever share an address or a port', () => {
    const step = fc.record({ n: fc.integer({ min: 1, max: 20 }), port: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }), leave: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const book = new AttachmentBook();
      for (const { n, port, leave } of steps) {
        if (leave || book.get(id(n))) book.release(id(n));
        else try { book.reserve(request(n, port), [{ v4: '10.18.0.0/28', v6: 'fc00::/120' }]); } catch (error) { expect(String(error)).toMatch(/taken|no address/); }
        const all = book.all();
        expect(new Set(all.map(({ ipv4 }) => ipv4)).size).toBe(all.length);
        expect(new Set(all.map(({ ipv6 }) => ipv6)).size).toBe(all.length);
        const ports = all.flatMap((one) => one.ports.map(({ hostPort }) => hostPort));
        expect(new Set(ports).size).toBe(ports.length);
      }
    }));
  });
});

/** Whoever asks it fails. */
const noNftables = new Nftables({ send: () => { throw new Error('no kernel'); }, receive: () => undefined, close: () => undefined });

describe('detaching', () => {
  test('again after a failure ends the flows too', async () => {
    const one: Remembered = { ...request(1), ipv4: '10.18.0.2/26', ipv6: 'fc00::2/120' };
    const datapath = new Datapath({ bridge: 'oak0', tunnelPort: 50_103, mtu: 1450, encrypted: false }, () => Promise.reject(new Error('no program shall run')), noNftables);
    vi.spyOn(datapath, 'read').mockResolvedValue({
      bridge: undefined, links: [{ name: 'oakv1', up: true, master: 'oak0', hairpin: true, remembered: one }], tunnels: new Map(), tables: { inet: undefined, bridge: undefined }, guards: new Set(), items: new Map(),
    });
    vi.spyOn(datapath, 'converge').mockResolvedValue([]);
    vi.spyOn(datapath, 'change').mockResolvedValue();
    const remove = vi.spyOn(datapath, 'remove').mockRejectedValueOnce(new Error('busy')).mockResolvedValue();
    const forget = vi.spyOn(datapath, 'forget').mockResolvedValue();
    const applied = new AppliedOverlay({ datapath, can: { services: true, guard: true, tunnels: true }, place: undefined, distanceTo: () => undefined, onDoubt: () => undefined });
    const attachments = new Attachments({ datapath, applied, subnets: () => [subnet], routes: () => [], resolverOf: () => ({ nameservers: [], searchDomains: [] }), onFull: () => undefined, log: () => undefined });
    await attachments.converge();
    await expect(attachments.detach(one.instanceId)).rejects.toMatchObject({ kind: 'temporary', message: expect.stringContaining('busy') as string });
    expect([forget.mock.calls, attachments.attached()]).toEqual([[], [one]]);
    await attachments.detach(one.instanceId);
    expect([remove.mock.calls.length, forget.mock.calls, attachments.attached()]).toEqual([2, [[['10.18.0.2', 'fc00::2']]], []]);
  });
});

describe('order', () => {
  test('who is alone is really alone, and nobody overtakes', async () => {
    const gate = new Gate();
    const events: string[] = [];
    const pass = (name: string) => async () => { events.push(`+${name}`); await tick(); events.push(`-${name}`); };
    await Promise.all([gate.shared(pass('a')), gate.shared(pass('b')), gate.alone(pass('X')), gate.shared(pass('c')), gate.alone(pass('Y'))]);
    expect(events).toEqual(['+a', '+b', '-a', '-b', '+X', '-X', '+c', '-c', '+Y', '-Y']);
  });

  test('a failure opens the gate and frees the lane', async () => {
    const gate = new Gate();
    const lanes = new Lanes();
    const fail = () => Promise.reject(new Error('x'));
    await expect(gate.shared(fail)).rejects.toThrow('x');
    await expect(gate.alone(fail)).rejects.toThrow('x');
    await expect(lanes.run('k', fail)).rejects.toThrow('x');
    expect(await gate.alone(() => lanes.run('k', () => Promise.resolve(1)))).toBe(1);
  });

  test('one after another per key, keys beside each other', async () => {
    const lanes = new Lanes();
    const events: string[] = [];
    const pass = (name: string) => async () => { events.push(`+${name}`); await tick(); events.push(`-${name}`); };
    await Promise.all([lanes.run('k', pass('k1')), lanes.run('k', pass('k2')), lanes.run('m', pass('m1'))]);
    expect(events.filter((event) => event.includes('k'))).toEqual(['+k1', '-k1', '+k2', '-k2']);
    expect(events.indexOf('+m1')).toBeLessThan(events.indexOf('-k1'));
  });
});
