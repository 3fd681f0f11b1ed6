import { decode } from '@nats-io/jwt';
import { fromPublic, fromSeed } from '@nats-io/nkeys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credsFile, readCreds } from './creds.ts';
import { newNkey, nkeyOf, type KeyKind } from './nkey.ts';
import { clusterPermissions, nodePermissions, rootPermissions, uplinkPermissions } from './permissions.ts';
import { memoryKeys } from './testing/memory-keys.ts';
import { TrustDomain } from './trust-domain.ts';

test('our keys and signatures are those of NATS\' own library', () => {
  fc.assert(fc.property(fc.constantFrom<KeyKind>('operator', 'account', 'user'), fc.uint8Array({ maxLength: 100 }), (kind, bytes) => {
    const key = newNkey(kind);
    const theirs = fromSeed(Buffer.from(key.seed));
    expect(theirs.getPublicKey()).toBe(key.publicKey);
    expect(nkeyOf(kind, key.seed).publicKey).toBe(key.publicKey);
    expect(fromPublic(key.publicKey).verify(bytes, key.sign(Buffer.from(bytes)))).toBe(true);
  }), { numRuns: 10 });
});

test('a seed of another kind, cut short, or with one letter changed is refused', () => {
  const { seed } = newNkey('user');
  expect(() => nkeyOf('account', seed)).toThrow('not the seed of an account');
  expect(() => nkeyOf('user', seed.slice(0, -2))).toThrow('not an nkey seed');
  expect(() => nkeyOf('user', seed.slice(0, 20) + (seed[20] === 'A' ? 'B' : 'A') + seed.slice(21))).toThrow('not an nkey seed');
});

test('NATS\' own library verifies every JWT and reads from it what we put in', () => {
  const domain = TrustDomain.open('c1', memoryKeys());
  const operator = decode<{ system_account: string }>(domain.operatorJwt);
  expect(operator).toMatchObject({ name: 'c1', nats: { type: 'operator', version: 2, system_account: domain.systemAccount.publicKey } });
  const account = decode<{ signing_keys: string[] }>(domain.account.jwt);
  expect(account).toMatchObject({ iss: operator.sub, sub: domain.account.publicKey });
  const user = decode(readCreds(domain.issue('cluster.c1.node.n1', nodePermissions('c1', 'n1'))).jwt);
  expect(account.nats.signing_keys).toEqual([user.iss]);
  expect(user).toMatchObject({
    name: 'cluster.c1.node.n1',
    nats: { type: 'user', issuer_account: domain.account.publicKey, pub: { allow: ['cluster.c1.node.n1.>'] }, sub: { allow: ['cluster.c1.node.n1.>', '_INBOX.node.n1.>'] }, resp: { max: 8, ttl: 60e9 } },
  });
});

test('opened again, a domain has its keys; another one has its own', () => {
  const keys = memoryKeys();
  const first = TrustDomain.open('c1', keys);
  const again = TrustDomain.open('c1', keys);
  const other = TrustDomain.open('c2', memoryKeys());
  expect(again.account.publicKey).toBe(first.account.publicKey);
  expect(other.account.publicKey).not.toBe(first.account.publicKey);
});

test('credentials say who they are for', () => {
  const domain = TrustDomain.open('c1', memoryKeys());
  const tokens = (name: string): readonly string[] => readCreds(domain.issue(name, rootPermissions())).tokens;
  expect([tokens('root'), tokens('cluster.c1'), tokens('uplink.c1'), tokens('cluster.c1.node.n1')]).toEqual([[], ['c1'], ['c1'], ['c1', 'n1']]);
  expect(() => tokens('cluster.c1.node.n1.x')).toThrow('not from Oakestra');
  expect(() => readCreds('nothing')).toThrow('"NATS USER JWT" is missing');
  expect(() => readCreds(credsFile('a.b.c', 'S'))).toThrow('not from Oakestra');
});

test('only the uplink is held to leaf links, and the deny keeps nodes off it', () => {
  expect(uplinkPermissions('c1')).toEqual({
    pub: { allow: ['root.cluster.c1.>', '_INBOX.root.c1.>'] }, sub: { allow: ['cluster.c1.>', '_INBOX.cluster.c1.>'], deny: ['cluster.c1.node.>'] }, connectionTypes: ['LEAFNODE', 'LEAFNODE_WS'],
  });
  for (const permissions of [rootPermissions(), clusterPermissions('c1'), nodePermissions('c1', 'n1')]) expect(permissions.connectionTypes).toBeUndefined();
});
