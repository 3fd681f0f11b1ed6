import { describe, expect, test } from 'vitest';
import { defaultNodePlan, nodeBlock, nodeBlockCount, overlaps, servicePlanOf, subnetsOfBlock, subnetsPerBlock } from './node-blocks.ts';
import { defaultServicePlan } from './service-addresses.ts';

describe('ranges of nodes', () => {
  test('go from 10.18.0.0 up to 10.29.255.255, as in Oakestra', () => {
    expect(nodeBlockCount() * subnetsPerBlock).toBe(12 * 1024);
    expect(nodeBlock(0)).toEqual({ v4: '10.18.0.0/21', v6: 'fc00::/115' });
    expect(nodeBlock(64)).toEqual({ v4: '10.20.0.0/21', v6: 'fc00::8:0/115' });
    expect(nodeBlock(nodeBlockCount() - 1)?.v4).toBe('10.29.248.0/21');
    expect(subnetsOfBlock(nodeBlock(nodeBlockCount() - 1)!).at(-1)).toEqual({ v4: '10.29.255.192/26', v6: 'fc00::2f:ff00/120' });
    expect(nodeBlock(nodeBlockCount())).toBeUndefined();
  });

  test('no two blocks, and no two nodes of a block, share an address', () => {
    const blocks = Array.from({ length: nodeBlockCount() }, (_, at) => nodeBlock(at)!);
    expect(new Set(blocks.map(({ v4 }) => v4)).size).toBe(blocks.length);
    expect(new Set(blocks.map(({ v6 }) => v6)).size).toBe(blocks.length);
    const subnets = subnetsOfBlock(nodeBlock(1)!);
    expect(subnets).toHaveLength(32);
    expect(subnets.slice(0, 2)).toEqual([{ v4: '10.18.8.0/26', v6: 'fc00::2000/120' }, { v4: '10.18.8.64/26', v6: 'fc00::2100/120' }]);
    for (const [at, one] of subnets.entries()) for (const other of subnets.slice(at + 1)) {
      expect(overlaps(one.v4, other.v4)).toBe(false);
      expect(overlaps(one.v6, other.v6)).toBe(false);
    }
  });

  test('a plan of an installation\'s own is checked', () => {
    expect(nodeBlock(1, { v4: ['172.20.0.0/16'], v6: 'fd12:3456:789a::/64' })).toEqual({ v4: '172.20.8.0/21', v6: 'fd12:3456:789a::2000/115' });
    expect(() => nodeBlockCount({ ...defaultNodePlan, v4: ['10.18.0.0/24'] })).toThrow('10.18.0.0/24: must be an IPv4 range of length /21 or shorter');
    expect(() => nodeBlock(0, { ...defaultNodePlan, v6: 'fc00::/112' })).toThrow('has no room for as many nodes');
  });

  test('ranges for services are divided as Oakestra divides its own', () => {
    expect(servicePlanOf('10.30.0.0/16', 'fdff::/16')).toEqual(defaultServicePlan);
    expect(servicePlanOf('172.31.0.0/16', 'fd12:3456:789a:1::/64').v6).toEqual({ instance: 'fd12:3456:789a:1::/69', closest: 'fd12:3456:789a:1:1000::/69', 'round-robin': 'fd12:3456:789a:1:2000::/69' });
    expect(() => servicePlanOf('10.30.0.0', 'fdff::/16')).toThrow('10.30.0.0: must be an IPv4 range');
  });

  test('overlap is found in both directions', () => {
    expect(overlaps('10.18.0.0/15', '10.19.4.0/26')).toBe(true);
    expect(overlaps('10.19.4.0/26', '10.18.0.0/15')).toBe(true);
    expect(overlaps('10.18.0.0/15', '10.20.0.0/14')).toBe(false);
    expect(overlaps('fc00::/64', '10.18.0.0/15')).toBe(false);
    expect(overlaps('fdff::/16', 'fdff:2000::/64')).toBe(true);
  });
});
