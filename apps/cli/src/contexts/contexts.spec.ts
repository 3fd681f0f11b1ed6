import { chmodSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AWorld } from '../testing/a-world.ts';
import { claimsOf } from './claims.ts';
import { Contexts } from './contexts.ts';
import { isOpenToReaders, rootUrl } from './root-url.ts';

describe('rootUrl', () => {
  it.each([
    ['root.example', 'http://root.example:10000'], ['root.example:8080', 'http://root.example:8080'], ['10.0.0.1', 'http://10.0.0.1:10000'], ['::1', 'http://[::1]:10000'], ['[::1]:99', 'http://[::1]:99'],
    ['https://root.example', 'https://root.example'], ['http://root.example/', 'http://root.example'], ['https://example/oak/', 'https://example/oak'],
  ])('%s', (text, url) => { expect(rootUrl(text)).toBe(url); });
  it.each(['', 'a b', 'ftp://x', 'http://user:pass@x', 'http://x?y', 'http://'])('refuses %j', (text) => { expect(() => rootUrl(text)).toThrow('is not the address of a root orchestrator'); });
  it.each([['http://127.0.0.1:1', false], ['http://localhost', false], ['http://[::1]', false], ['https://far', false], ['http://far', true], ['http://127.0.0.1.far', true]])('%s can be read on the way: %s', (url, open) => { expect(isOpenToReaders(url)).toBe(open); });
});

describe('Contexts', () => {
  it('is a file of its owner, whole at any time, and nothing beside it', () => {
    const before = process.umask(0);
    try {
      const contexts = new Contexts(new AWorld());
      contexts.update('a', () => ({ url: 'http://a' }));
      contexts.update('b', () => ({ url: 'http://b', token: 't' }));
      expect(contexts.read().contexts).toEqual({ a: { url: 'http://a' }, b: { url: 'http://b', token: 't' } });
      expect(statSync(contexts.path).mode & 0o777).toBe(0o600);
      expect(statSync(dirname(contexts.path)).mode & 0o777).toBe(0o700);
      expect(readdirSync(dirname(contexts.path))).toEqual(['contexts.json']);
      chmodSync(contexts.path, 0o644);
      expect(contexts.isOpenToOthers()).toBe(true);
    } finally {
      process.umask(before);
    }
  });

  it('goes where XDG_CONFIG_HOME says', () => {
    const { home } = new AWorld();
    expect(new Contexts({ env: { XDG_CONFIG_HOME: '/somewhere' }, home }).path).toBe('/somewhere/oakestra/contexts.json');
  });
});

describe('claimsOf', () => {
  it.each(['', 'x', 'a.b.c', `.${Buffer.from('null').toString('base64url')}.`])('nothing of %j', (token) => { expect(claimsOf(token)).toBeUndefined(); });
});
