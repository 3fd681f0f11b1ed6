import { tmpdir } from 'node:os';
import { nodeRegister } from '@oak/contracts';
import { expect, test } from 'vitest';
import { describeNode } from './describe-node.ts';

const machine = { address: undefined, capacity: {}, labels: {}, allowPrivileged: false, stateDir: tmpdir() };

test('this machine, as the contract wants it', () => {
  const description = describeNode(machine);
  expect(nodeRegister.payload.shape.description.parse(description)).toEqual(description);
  expect(description.arch).not.toBe('x64');
  for (const amount of [description.total.vcpus, description.total.memoryMiB, description.total.storageMiB]) expect(amount).toBeGreaterThan(0);
});

test('what the operator says wins', () => {
  const described = describeNode({ ...machine, address: '192.0.2.7', capacity: { vcpus: 0.5, memory_mib: 64, storage_mib: 10 }, labels: { rack: 'a' }, allowPrivileged: true });
  expect(described).toMatchObject({ address: '192.0.2.7', labels: { rack: 'a' }, allowsPrivileged: true, total: { vcpus: 0.5, memoryMiB: 64, storageMiB: 10, vgpus: 0 } });
});
