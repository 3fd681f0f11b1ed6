import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { deploy, has, install, isRunning, leftovers, removeService, type Installation } from './installation.ts';
import { Sights, type Sight } from './testing/sights.ts';

vi.setConfig({ testTimeout: 90_000 });

let it: Installation;
const older = 'c1n1';
const newer = 'c1n2';
const small = 'c1n3';
beforeAll(async () => {
  // On a busy machine node-engine takes longer to start than a cluster waits; what happens then is not the matter here.
  it = await install({ clusters: 1, nodes: 3, env: { 'cluster-orchestrator': { OAK_LOST_AFTER_MS: '60000' } }, node: (name) => (name === newer ? { containerd: '2.3' } : name === small ? { containerdDiskMiB: 24 } : {}) });
  await Promise.all([older, newer, small].map(worksOn));
}, 120_000);
afterAll(() => it.down(), 60_000);

const at = (node: string) => ({ constraints: [{ type: 'direct', cluster: 'c1', node }] });
/** In the order in which a start makes them. */
const sights: Readonly<Record<string, Sight>> = {
  'a layer that is unpacked': { event: /\/snapshot\/prepare .*extract-/ },
  'the image': { event: /\/images\/create / },
  'the network': { folder: '/run/netns' },
  'the snapshot': { event: /\/snapshot\/prepare .*oakestra-[0-9a-f]{24}/ },
  'the container': { event: /\/containers\/create .*"[0-9a-f]{24}"/ },
  'its folder': { folder: '/run/oak-containerd/io.containerd.runtime.v2.task/oakestra' },
  'the task': { event: /\/tasks\/create .*"[0-9a-f]{24}"/ },
  'the running task': { event: /\/tasks\/start .*"[0-9a-f]{24}"/ },
};
const nothing = { containers: [], tasks: [], snapshots: [], leases: [], netns: [], links: [] };
const busybox = 'docker.io/library/busybox:latest';
const enginesFolder = (node: string, name: string): string => join(it.lab.dir, node, 'node-engine', name);

/** One deploy that is asked for nothing but to work. */
async function worksOn(node: string): Promise<void> {
  const service = await deploy(it.root, at(node));
  await it.root.until(service, 0, isRunning);
  await removeService(it.root, service);
}

/** containerd collects a moment later what a lease has held. */
const collected = { timeout: 15_000, interval: 250 };

/** Removed also when the test fails, so that the next one does not find it. */
async function begin(microservice: Readonly<Record<string, unknown>>): Promise<string> {
  const service = await deploy(it.root, microservice);
  onTestFinished(() => removeService(it.root, service));
  return service;
}

afterEach(async () => {
  for (const node of [older, newer, small]) {
    await vi.waitFor(async () => { expect(await leftovers(it.lab, node), node).toEqual(nothing); }, collected);
    for (const folder of ['logs', 'containers']) expect(await readdir(enginesFolder(node, folder)).catch(() => []), `${folder} of ${node}`).toEqual([]);
  }
});

async function look(node: string, what: string): Promise<() => Promise<void>> {
  const opened = await Sights.open(it.lab, node);
  onTestFinished(() => opened.close());
  const seen = opened.first(sights[what]!);
  return () => seen;
}

/** It runs, once, with all that belongs to it and nothing besides. */
async function runsOnce(service: string, node: string): Promise<void> {
  const { id } = await it.root.until(service, 0, (one) => isRunning(one) && one.instance_ip !== null);
  await vi.waitFor(async () => {
    const there = await leftovers(it.lab, node);
    expect(there).toMatchObject({ containers: [id], tasks: [expect.stringContaining(id)], snapshots: [expect.stringContaining(`oakestra-${id}`)] });
    expect([there.netns.length, there.links.length]).toEqual([1, 1]);
  }, collected);
}

describe('node-engine is killed', () => {
  test.each(Object.keys(sights))('at first sight of %s, and started again: the instance runs, once', async (what) => {
    const { lab, root } = it;
    // So that it is pulled anew.
    await lab.exec(older, ['ctr', '-a', `${lab.dir}/${older}/containerd.sock`, '-n', 'oakestra', 'images', 'remove', '--sync', busybox]);
    const seen = await look(older, what);
    const service = await begin(at(older));
    await seen();
    await lab.kill(older, 'node-engine');
    await lab.start(older, 'node-engine');
    await runsOnce(service, older);
    await removeService(root, service);
    await worksOn(older);
  });

  test('when it has just said that the instance runs', async () => {
    const { lab, root } = it;
    const service = await begin(at(older));
    const before = await root.until(service, 0, isRunning);
    await lab.kill(older, 'node-engine');
    await lab.start(older, 'node-engine');
    await runsOnce(service, older);
    expect(await root.instance(service, 0)).toMatchObject({ attempt: before.attempt, restarts: 0 });
    await removeService(root, service);
  });
});

describe.each([[older, '1.6'], [newer, '2.3']])('containerd is killed', (node, version) => {
  test.each(['the snapshot', 'its folder', 'the task'])(`${version}, at first sight of %s, and started again: the instance runs, once`, async (what) => {
    const { lab, root } = it;
    const seen = await look(node, what);
    const service = await begin(at(node));
    await seen();
    await lab.kill(node, 'containerd');
    await lab.start(node, 'containerd');
    await runsOnce(service, node);
    await removeService(root, service);
    await worksOn(node);
  });
});

describe('images that can not be had', () => {
  type Images = Readonly<Record<'damaged' | 'forged' | 'foreign' | 'large', string>>;
  /** Each node has its own, on its loopback, where plain HTTP is allowed. */
  async function imagesOf(node: string): Promise<Images> {
    const { lab } = it;
    const argv = [process.execPath, fileURLToPath(new URL('testing/bad-registry-main.ts', import.meta.url))];
    if (!lab.host(node).programs.some(({ name }) => name === 'bad-registry')) await lab.run(node, { name: 'bad-registry', argv });
    return vi.waitFor(async () => JSON.parse(await lab.log(node, 'bad-registry')) as Images, { timeout: 30_000, interval: 50 });
  }

  async function fails(node: string, image: string, reasons: readonly RegExp[]): Promise<void> {
    const { root } = it;
    const service = await begin({ ...at(node), code: image });
    const { status_detail: detail } = await root.until(service, 0, has('FAILED'));
    for (const reason of [/next try|at once/, ...reasons]) expect(detail).toMatch(reason);
    await removeService(root, service);
    await worksOn(node);
  }

  test('a layer that is damaged', async () => fails(older, (await imagesOf(older)).damaged, [/bad\/damaged|commit/, /damaged|unexpected commit digest/]));
  test('a manifest that is not what its digest says', async () => fails(older, (await imagesOf(older)).forged, [/bad\/forged/, /damaged: expected sha256:[0-9a-f]{64}, got sha256:[0-9a-f]{64}/]));
  test('none for the architecture of the node', async () => fails(older, (await imagesOf(older)).foreign, [/bad\/foreign/, /linux\/s390x/, /this node|linux\/a/]));
  test('no room for it: said, given back, and what is smaller fits', async () => fails(small, (await imagesOf(small)).large, [/no space left on device/, /disk is full/]));
});

test('who writes a lot has its logs rotated, also over a restart of node-engine', async () => {
  const { lab, root } = it;
  const script = 'n=0; while [ $n -lt 50 ]; do dd if=/dev/zero bs=1M count=1 2>/dev/null | tr "\\0" x; echo; n=$((n+1)); sleep 0.1; done; sleep 3600';
  const service = await begin({ ...at(older), cmd: ['sh', '-c', script] });
  const { id } = await root.until(service, 0, isRunning);
  await lab.kill(older, 'node-engine');
  await lab.start(older, 'node-engine');
  const dir = enginesFolder(older, join('logs', id));
  const usedMiB = async (): Promise<number> => {
    const sizes = await Promise.all((await readdir(dir)).map((name) => stat(join(dir, name))));
    return sizes.reduce((sum, { blocks }) => sum + (blocks * 512) / 2 ** 20, 0);
  };
  await vi.waitFor(async () => {
    expect((await stat(join(dir, 'stdout'))).size).toBeGreaterThanOrEqual(50 * 2 ** 20);
    expect((await readdir(dir)).filter((name) => name.startsWith('stdout.'))).toHaveLength(3);
    // Three pieces of ten, and what is not full yet; what was written since the last sweep is cut by the next one.
    expect(await usedMiB()).toBeLessThan(41);
  }, { timeout: 60_000, interval: 500 });
  await removeService(root, service);
});

test('GET /api/nodes tells the versions of runtimes', async () => {
  const { nodes } = await it.root.call<{ nodes: { name: string; runtimes: { virtualization: string; version?: string }[] }[] }>('GET', '/api/nodes');
  const versions = nodes.find(({ name }) => name === older)?.runtimes.map(({ virtualization, version }) => [virtualization, version]);
  expect(versions).toEqual(expect.arrayContaining([['runc', expect.stringMatching(/^\d+\.\d+/)], ['crun', expect.stringMatching(/^\d+\.\d+/)]]));
});
