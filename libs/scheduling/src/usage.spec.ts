import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryCandidate, arbitraryDemand, modest, roomy } from './testing/arbitrary-placement.ts';
import { committed, released } from './usage.ts';

test('what is taken is given back', () => {
  fc.assert(fc.property(arbitraryCandidate('n1'), arbitraryDemand, (candidate, demand) => {
    const { fits: _, ...node } = { ...candidate, hostPorts: [] };
    expect(released(committed(node, demand), demand)).toEqual(node);
  }));
});

test('fractions of cores add up', () => {
  const demand = modest({ resources: { vcpus: 0.1, memoryMiB: 0, storageMiB: 0, vgpus: 0 } });
  const full = Array.from({ length: 40 }).reduce((node: ReturnType<typeof roomy>) => committed(node, demand), roomy('n1'));
  expect(full.free.vcpus).toBe(0);
  expect(full.hosts).toEqual({ web: 40 });
});

test('giving back never exceeds what there is', () => {
  expect(released(roomy('n1'), modest()).free).toEqual(roomy('n1').total);
});
