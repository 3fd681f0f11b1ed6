import { expect, test } from 'vitest';
import { endpointsOf, isLoopback, registryConfigSchema } from './registry-config.ts';

const bases = (registry: string, configs = {}) => endpointsOf(registry, configs).map(({ base, standsFor }) => [base.href, standsFor]);

test('addresses', () => {
  expect(bases('docker.io')).toEqual([['https://registry-1.docker.io/', undefined]]);
  expect(bases('ghcr.io')).toEqual([['https://ghcr.io/', undefined]]);
  expect(bases('localhost:5000')).toEqual([['http://localhost:5000/', undefined]]);
  expect(bases('box.lan:5000', { 'box.lan:5000': { plainHttp: true } })).toEqual([['http://box.lan:5000/', undefined]]);
  expect(bases('docker.io', { 'docker.io': { mirrors: ['m.lan', 'http://p.lan:81/hub'] } })).toEqual([
    ['https://m.lan/', 'docker.io'], ['http://p.lan:81/hub/', 'docker.io'], ['https://registry-1.docker.io/', undefined],
  ]);
});

test("each endpoint has its own credentials, and a mirror not the origin's", () => {
  const configs = { 'docker.io': { mirrors: ['m.lan'], username: 'me' }, 'm.lan': { username: 'you' } };
  expect(endpointsOf('docker.io', configs).map(({ name, config }) => [name, config.username])).toEqual([['m.lan', 'you'], ['docker.io', 'me']]);
  expect(endpointsOf('docker.io', { 'docker.io': configs['docker.io'] })[0]?.config.username).toBeUndefined();
});

test('faults name what is wrong', () => {
  expect(() => endpointsOf('a.b', { 'a.b': { mirrors: ['http://'] } })).toThrow(/"http:\/\/": expected/);
  expect(() => endpointsOf('a.b', { 'a.b': { mirrors: ['https://me:pw@m.lan'] } })).toThrow(/credentials belong into username and password/);
  expect(registryConfigSchema.safeParse({ mirror: [] }).success).toBe(false);
});

test.each([['localhost', true], ['127.1.2.3:5000', true], ['[::1]:80', true], ['10.0.0.1', false], ['127.evil.com', false], ['localhost.evil.com', false]])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
