import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { PeerRoute } from '@oak/contracts';
import { StateDir } from '@oak/process';
import { Encryption } from './encryption.ts';
import { innerAddress } from './inner-address.ts';
import { isKey, ownKey } from './keys.ts';
import { planPeers, readDump, type Peer } from './plan-peers.ts';
import type { EncryptionKind, EncryptionMode } from './probe-encryption.ts';

const dir = mkdtempSync(join(tmpdir(), 'oak-encryption-'));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const key = (n: number): string => Buffer.alloc(32, n).toString('base64');
const peer = (publicKey?: string): PeerRoute => ({ kind: 'peer', id: 'c1/n2', cluster: 'c1', node: 'n2', host: '192.0.2.2', port: 50_103, subnets: [], ...(publicKey !== undefined && { publicKey }) });
const encryption = (mode: EncryptionMode, kind: EncryptionKind) => new Encryption({ mode, kind, lacking: 'no wg', device: undefined, publicKey: kind === 'none' ? undefined : key(1), port: 51_820 });

describe('a key', () => {
  test('is made once, for nobody else to read, and the public one is what wg says', () => {
    const state = new StateDir(join(dir, 'state'));
    const own = ownKey(state);
    expect(ownKey(state)).toEqual(own);
    expect(statSync(own.file).mode & 0o777).toBe(0o600);
    expect(own.publicKey).toBe(execFileSync('wg', ['pubkey'], { input: state.read('wireguard.key') ?? '' }).toString().trim());
  });

  test('that is none is refused, and the file is named', () => {
    const state = new StateDir(join(dir, 'broken'));
    writeFileSync(state.file('wireguard.key'), 'nonsense');
    expect(() => ownKey(state)).toThrow(`${state.file('wireguard.key')} holds no WireGuard key`);
  });

  test('is 32 bytes in base64 and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => isKey(Buffer.from(bytes).toString('base64'))));
    for (const text of ['', 'x', `${key(1)}\n`, key(1).slice(1), '-'.repeat(44)]) expect(isKey(text)).toBe(false);
  });
});

describe('peers', () => {
  const peers = fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(2), fc.nat(2)), { selector: ([n]) => n }).map((all) => new Map(all.map(([n, host, inner]): [string, Peer] => [key(n), { endpoint: `192.0.2.${host}:51820`, allowed: `fd6f::${inner}/128`, keepalive: '25' }])));

  /** What wg does. */
  const apply = (had: ReadonlyMap<string, Peer>, args: readonly string[]): Map<string, Peer> => {
    const after = new Map(had);
    for (const [, name = '', rest = ''] of args.join(' ').matchAll(/peer (\S+) (.*?)(?=peer |$)/g)) {
      const value = (word: string) => new RegExp(`${word} (\\S+)`).exec(rest)?.[1];
      if (rest.startsWith('remove')) after.delete(name);
      else after.set(name, { endpoint: value('endpoint') ?? after.get(name)?.endpoint ?? '(none)', allowed: value('allowed-ips') ?? '', keepalive: value('persistent-keepalive') ?? '' });
    }
    return after;
  };

  test('become what they shall be, and then nothing is to be done', () => {
    fc.assert(fc.property(peers, peers, (had, wanted) => {
      const told = new Map([...had].map(([name, { endpoint }]) => [name, endpoint]));
      const after = apply(had, planPeers(wanted, had, told));
      expect([...after].toSorted()).toEqual([...wanted].toSorted());
      expect(planPeers(wanted, after, new Map())).toEqual([]);
    }));
  });

  test('that called from elsewhere stay there until they are told to be elsewhere', () => {
    const one = { endpoint: '192.0.2.2:51820', allowed: 'fd6f::1/128', keepalive: '25' };
    const roamed = new Map([[key(2), { ...one, endpoint: '203.0.113.9:4000' }]]);
    const told = new Map([[key(2), one.endpoint]]);
    expect([planPeers(new Map([[key(2), one]]), roamed, told), planPeers(new Map([[key(2), one]]), roamed, new Map())]).toEqual([[], []]);
    expect(planPeers(new Map([[key(2), { ...one, endpoint: '192.0.2.3:51820' }]]), roamed, told)).toContain('192.0.2.3:51820');
  });

  test('are read from what wg prints', () => {
    const dump = `${key(9)}\t${key(1)}\t51820\toff\n${key(2)}\t(none)\t(none)\tfd6f::1/128\t0\t0\t0\t25\n`;
    expect(readDump(dump)).toEqual({ publicKey: key(1), port: 51_820, peers: new Map([[key(2), { endpoint: '(none)', allowed: 'fd6f::1/128', keepalive: '25' }]]) });
    expect(() => readDump('')).toThrow('expected 4 fields');
  });
});

test.each<[EncryptionMode, EncryptionKind, string | undefined, 'inside' | 'plain' | 'refused']>([
  ['auto', 'wireguard', key(2), 'inside'], ['auto', 'wireguard-go', key(2), 'inside'], ['auto', 'wireguard', undefined, 'plain'], ['auto', 'none', key(2), 'plain'],
  ['off', 'none', key(2), 'plain'], ['off', 'none', undefined, 'plain'], ['required', 'wireguard', key(2), 'inside'], ['required', 'wireguard', undefined, 'refused'],
  ['required', 'none', key(2), 'refused'], ['auto', 'wireguard', 'nonsense', 'refused'],
])('%s with %s, a peer with key %s: %s', (mode, kind, publicKey, way) => {
  const one = encryption(mode, kind);
  const inside = one.reached(peer(publicKey)).host === innerAddress('c1', 'n2');
  expect(one.fault(peer(publicKey)) === undefined ? (inside ? 'inside' : 'plain') : 'refused').toBe(way);
});
