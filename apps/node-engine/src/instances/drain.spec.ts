import type { InstanceSpec } from '@oak/contracts';
import { expect, test } from 'vitest';
import { ANode, id, specOf } from '../testing/a-node.ts';

const called: InstanceSpec = {
  ...specOf([{ forever: true }]),
  network: { ipv4: '10.30.0.1', ipv6: 'fdff::1', organisation: 'o', policy: 'organisation', affinity: 'none', service: { roundRobin: { ipv4: '10.30.0.2', ipv6: 'fdff:2000::1' } } },
};

async function running() {
  const node = new ANode();
  const { instances, settle } = node.engine();
  await instances.take([called]);
  await settle();
  return { node, instances, settle, stops: () => node.runtime.calls.filter(({ verb }) => verb === 'stop').length };
}

test('a withdrawn instance is stopped only after the calls under way had their time', async () => {
  const { node, instances, settle, stops } = await running();
  await instances.drop([id]);
  await settle(1);
  expect([stops(), node.status]).toEqual([0, 'RUNNING']);
  await settle();
  expect([stops(), node.status]).toEqual([1, 'UNDEPLOYED']);
});

test('one that is given again meanwhile is asked whether it answers, and its next withdrawal has its own time', async () => {
  const { node, instances, settle, stops } = await running();
  await instances.drop([id]);
  await settle(1);
  const asked = node.asked;
  await instances.take([called]);
  await settle();
  expect([node.asked, stops()]).toEqual([asked + 1, 0]);
  await instances.drop([id]);
  await settle(1);
  expect(stops()).toBe(0);
});
