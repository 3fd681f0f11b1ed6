import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RegistryClient, type RegistryConfigs } from '@oak/runtime-containerd';
import { buildTestImage, TestRegistry } from '@oak/runtime-containerd/testing';
import { KernelStore, probeKernel } from '@oak/runtime-unikraft';
import { expect, onTestFinished, test } from 'vitest';
import { packageRegistry } from './package-registry.ts';

const never = new AbortController().signal;

async function packages(): Promise<{ registry: TestRegistry; reference: string; dir: string; storeWith: (registries: RegistryConfigs) => KernelStore }> {
  const dir = await mkdtemp(join(tmpdir(), 'oak-packages-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const registry = await TestRegistry.start();
  onTestFinished(() => registry.close());
  const file = join(dir, 'built');
  await writeFile(file, probeKernel());
  const build = (os: string) => buildTestImage({ layers: [{ 'unikraft/bin/kernel': { copyOf: file } }], compression: 'none', platform: { os, architecture: 'x86_64' }, config: { Cmd: ['serve', os], Env: ['A=1'] } });
  const { reference } = registry.push('apps/hello', '1', [await build('xen'), await build('qemu')]);
  const storeWith = (registries: RegistryConfigs): KernelStore => {
    const client = new RegistryClient({ registries });
    const store = new KernelStore({ dir: join(dir, 'kernels'), architecture: 'amd64', registry: packageRegistry(client), localDirs: [], freshMs: 0 });
    onTestFinished(async () => { await store.close(); await client.close(); });
    return store;
  };
  return { registry, reference, dir, storeWith };
}

test('a package comes from a registry, for this machine, with its command; its layers are fetched once', async () => {
  const { registry, reference, storeWith } = await packages();
  const store = storeWith({});
  const kernel = await store.ensure(reference, never);
  expect(kernel).toMatchObject({ command: ['serve', 'qemu'], environment: ['A=1'] });
  expect(await readFile(kernel.kernelPath)).toEqual(probeKernel());
  const blobs = registry.count(/blobs/);
  expect(await store.ensure(reference, never)).toEqual(kernel);
  expect(registry.count(/blobs/)).toBe(blobs);
});

test('credentials are those of containers, and who has none hears so', async () => {
  const { registry, reference, storeWith } = await packages();
  registry.faults.basic = { username: 'u', password: 'p' };
  await expect(storeWith({}).ensure(reference, never)).rejects.toThrow(/apps\/hello.*401|credentials|authentication/);
  expect(await storeWith({ [registry.host]: { username: 'u', password: 'p' } }).ensure(reference, never)).toMatchObject({ command: ['serve', 'qemu'] });
});

test('a damaged layer is not believed', async () => {
  const { registry, reference, storeWith } = await packages();
  registry.faults.damage = { path: /blobs/, times: 100 };
  await expect(storeWith({}).ensure(reference, never)).rejects.toMatchObject({ name: 'RuntimeError' });
});
