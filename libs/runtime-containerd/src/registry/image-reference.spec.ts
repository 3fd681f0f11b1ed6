import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseImageReference } from './image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['oakestra/net:v1', 'docker.io/oakestra/net:v1'],
  ['localhost/a', 'localhost/a:latest'],
  ['localhost:5000/a:b', 'localhost:5000/a:b'],
  ['127.0.0.1:5055/bb', '127.0.0.1:5055/bb:latest'],
  ['[::1]:5000/bb', '[::1]:5000/bb:latest'],
  ['ghcr.io/org/deep/path/app:V1.0-rc_1', 'ghcr.io/org/deep/path/app:V1.0-rc_1'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`nginx:1.27@${digest}`, `docker.io/library/nginx@${digest}`],
])('%s is %s', (text, name) => {
  expect(parseImageReference(text).name).toBe(name);
});

test.each([
  ['', /no repository name/],
  ['Nginx', /"library\/Nginx" is no repository/],
  ['https://ghcr.io/a/b', /no scheme/],
  ['nginx:', /"" is no tag/],
  ['nginx:a b', /"a b" is no tag/],
  ['nginx@sha256:abc', /"sha256:abc" is no digest/],
  [`nginx@${digest}@${digest}`, /more than one @/],
  ['a..b/../c', /is no re/],
  ['ghcr.io/', /no repository name/],
  ['exa_mple.com/a', /no registry/],
])('%j is refused', (text, message) => {
  expect(() => parseImageReference(text)).toThrow(message);
  expect(() => parseImageReference(text)).toThrow(expect.objectContaining({ kind: 'invalid' }));
});

test('a canonical name parses to itself, and no path escapes the repository', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab.:/@-_AZ09'), maxLength: 30 }), (text) => {
    let reference;
    try {
      reference = parseImageReference(text);
    } catch (error) {
      expect(error).toMatchObject({ kind: 'invalid' });
      return;
    }
    expect(parseImageReference(reference.name)).toMatchObject({ name: reference.name, registry: reference.registry, repository: reference.repository });
    expect(reference.repository).not.toMatch(/\.\.|^\/|\/$/);
  }));
});
