import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test.each([
  ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [{ scheme: 'bearer', parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' } }]],
  ['Basic realm="a \\"b\\""', [{ scheme: 'basic', parameters: { realm: 'a "b"' } }]],
  ['Bearer Realm=x , error = invalid_token, Basic realm="y"', [{ scheme: 'bearer', parameters: { realm: 'x', error: 'invalid_token' } }, { scheme: 'basic', parameters: { realm: 'y' } }]],
  ['Negotiate, Basic realm=z', [{ scheme: 'negotiate', parameters: {} }, { scheme: 'basic', parameters: { realm: 'z' } }]],
  ['', []],
])('%s', (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});

test('any header ends', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'aB=", \\'), maxLength: 40 }), (header) => {
    expect(Array.isArray(parseChallenges(header))).toBe(true);
  }));
});
