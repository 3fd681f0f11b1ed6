import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Attachment, NetClient } from '@oak/net-api';
import { backendOf, peerOf, serviceOf, TestCluster } from './testing/test-cluster.ts';
import { bundle, TestMachine } from './testing/test-machine.ts';

const dir = mkdtempSync(join(tmpdir(), 'oak-net-overlay-'));
let program: string;
let cluster: TestCluster;
let here: TestMachine;
let there: TestMachine;
let [near, far]: [NetClient, NetClient] = [undefined as never, undefined as never];
const netns = ({ netnsPath }: Attachment): string => netnsPath.replace('/run/netns/', '');
const count = (answers: readonly string[]): Record<string, number> => Object.fromEntries([...new Set(answers)].toSorted().map((answer) => [answer, answers.filter((one) => one === answer).length]));

beforeAll(async () => { program = await bundle(dir); }, 60_000);
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
beforeEach(async () => {
  cluster = await TestCluster.start(dir);
  here = new TestMachine(program);
  await here.setUp();
  there = new TestMachine(program, { beside: here, number: 3 });
  await there.setUp();
  cluster.tell([here, there], [peerOf(here), peerOf(there)]);
  [near, far] = await Promise.all([here, there].map(async (machine) => machine.start(await cluster.join(machine)))) as [NetClient, NetClient];
}, 60_000);
afterEach(async () => {
  await there.dispose();
  await here.dispose();
  await cluster.stop();
}, 60_000);

/** Waits until this service answers from there, then returns nothing: the route has arrived. */
async function reachable(machine: TestMachine, from: string, url: string): Promise<void> {
  await vi.waitFor(async () => { expect(await machine.ask(from, url, 1000)).toMatch(/ to /); }, { timeout: 15_000, interval: 50 });
}

describe('a service', { timeout: 60_000 }, () => {
  test('rotates over its instances on both nodes; each side sees the other by its stable address; also itself', async () => {
    const [a, b, c] = await Promise.all([near.attach(here.member()), near.attach(here.member()), far.attach(there.member())]);
    await Promise.all([here.serve(netns(a), 80, 'a'), here.serve(netns(b), 80, 'b'), there.serve(netns(c), 80, 'c')]);
    cluster.tell([here, there], [serviceOf(1, [backendOf(here, a), backendOf(here, b), backendOf(there, c)])]);
    await reachable(here, netns(a), 'http://10.30.200.1');
    for (const url of ['http://10.30.200.1', 'http://[fdff:2000::1]']) {
      const own = url.includes('[') ? a.network?.ipv6 : a.network?.ipv4;
      expect(count(await here.askMany(netns(a), url, 6))).toEqual({ [`a to ${own}`]: 2, [`b to ${own}`]: 2, [`c to ${own}`]: 2 });
    }
    await reachable(there, netns(c), 'http://10.30.200.1');
    expect(count(await there.askMany(netns(c), 'http://[fdff:2000::1]', 3))).toEqual(Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name} to ${c.network?.ipv6}`, 1])));
  });
});
