import { expect, test } from 'vitest';
import { readConfig } from '@oak/process';
import { configSchema } from '../config.ts';

const read = (env: Record<string, string>) => readConfig(configSchema, env);

test('the default ranges are Oakestra\'s, an installation may have its own', () => {
  expect(read({})).toMatchObject({ OAK_NODE_RANGES: { v6: 'fc00::/64' }, OAK_SERVICE_RANGES: { v4: '10.30.0.0/16', v6All: 'fdff::/16' } });
  expect(read({ OAK_NODE_RANGES: '172.16.0.0/16, fd12:3456:789a::/64', OAK_SERVICE_RANGES: '172.17.0.0/16,fd12:3456:789a:1::/64' }).OAK_NODE_RANGES).toEqual({ v4: ['172.16.0.0/16'], v6: 'fd12:3456:789a::/64' });
});

test.each([
  [{ OAK_NODE_RANGES: '10.18.0.0/24,fc00::/64' }, /OAK_NODE_RANGES.*10\.18\.0\.0\/24: must be an IPv4 range of length \/21 or shorter/],
  [{ OAK_NODE_RANGES: '10.18.0.0/15' }, /OAK_NODE_RANGES.*both families/],
  [{ OAK_NODE_RANGES: '172.16.0.0/11,fc00::/48' }, /OAK_NODE_RANGES.*172\.16\.0\.0\/11/],
  [{ OAK_NODE_RANGES: '10.0.0.0/11,fc00::/48' }, /OAK_NODE_RANGES.*more than 16382 subnets/],
  [{ OAK_SERVICE_RANGES: '10.30.0.0' }, /OAK_SERVICE_RANGES.*one range of each family/],
  [{ OAK_SERVICE_RANGES: '10.19.0.0/16,fdff::/16' }, /OAK_SERVICE_RANGES.*10\.19\.0\.0\/16 overlaps 10\.18\.0\.0\/15 of OAK_NODE_RANGES/],
])('%j is refused with the reason', (env, reason) => {
  expect(() => read(env)).toThrow(reason);
});
