import { afterEach, expect, test } from 'vitest';
import { faultsOf } from './faults-of.ts';
import { Installation, type InstallationOptions } from './installation.ts';

let opened: Installation | undefined;
afterEach(async () => { await opened?.close(); opened = undefined; });
const install = async (options: InstallationOptions = {}): Promise<Installation> => (opened = await Installation.open(options));

test('a deploy: fifty instances run, each once, where root says; removed, nothing is left', async () => {
  const it = await install();
  await it.root.deploy(50);
  await it.world.pass(5_000);
  expect(await faultsOf(it)).toEqual([]);
  expect(await it.root.instances()).toHaveLength(50);
  await it.root.remove((await it.root.instances()).map(({ id }) => id));
  await it.world.pass(10_000);
  expect([await it.root.instances(), await Promise.all(it.nodes.map((node) => node.running()))]).toEqual([[], [[], [], [], []]]);
});

const idsOn = async (it: Installation, name: string): Promise<string[]> => it.nodes.find((node) => node.name === name)?.running() ?? [];

test('a node that loses power: what it ran runs elsewhere within seconds, and once when it is back', async () => {
  const it = await install();
  await it.root.deploy(8);
  await it.world.pass(5_000);
  const [lost] = it.nodes;
  const hadSome = (await lost!.running()).length;
  await lost!.powerOff();
  await it.world.pass(10_000);
  expect(hadSome).toBeGreaterThan(0);
  expect(await faultsOf(it)).toEqual([]);
  await lost!.start();
  await it.world.pass(10_000);
  expect(await faultsOf(it)).toEqual([]);
});

test('a cluster that is cut off goes on, loses its instances to the other one after the grace, and drops them when it is back', async () => {
  const it = await install();
  await it.root.deploy(4);
  await it.world.pass(5_000);
  const before = await idsOn(it, 'c1n1');
  it.cut('c1');
  await it.world.pass(50_000);
  expect((await it.root.instances()).some(({ cluster }) => cluster === 'c1')).toBe(true);
  await it.world.pass(30_000);
  expect(await idsOn(it, 'c1n1')).toEqual(before);
  expect((await it.root.instances()).map(({ cluster, status }) => `${cluster} ${status}`)).toEqual(Array(4).fill('c2 RUNNING'));
  it.heal('c1');
  await it.world.pass(15_000);
  expect(await idsOn(it, 'c1n1')).toEqual([]);
  expect(await faultsOf(it)).toEqual([]);
});

test('root away: a cluster replaces what a node lost, and root learns of it when it is back', async () => {
  const it = await install({ clusters: 1 });
  await it.root.deploy(4);
  await it.world.pass(5_000);
  await it.root.kill();
  await it.nodes[0]!.powerOff();
  await it.world.pass(20_000);
  expect((await it.nodes[1]!.running())).toHaveLength(4);
  await it.root.start();
  await it.world.pass(15_000);
  expect(await faultsOf(it)).toEqual([]);
});

test('every message twice, late and out of order: nothing runs twice', async () => {
  const it = await install();
  const { network, random } = it.world;
  network.copies = () => [random.next() * 400, random.next() * 2_000];
  await it.root.deploy(20);
  await it.world.pass(20_000);
  const ids = (await it.root.instances()).map(({ id }) => id);
  await it.root.remove(ids.slice(0, 5));
  await it.world.pass(20_000);
  expect(await faultsOf(it)).toEqual([]);
  expect(await it.root.instances()).toHaveLength(15);
});

test('a wall clock that jumps by an hour, either way, loses nobody and moves nothing', async () => {
  const it = await install();
  await it.root.deploy(4);
  await it.world.pass(5_000);
  const before = await it.root.instances();
  for (const ms of [3_600_000, -7_200_000]) {
    it.world.clock.jump(ms);
    await it.world.pass(30_000);
  }
  expect(await it.root.instances()).toEqual(before);
  expect(it.world.said.filter((line) => /lost|unknown|silent/.test(line))).toEqual([]);
});
