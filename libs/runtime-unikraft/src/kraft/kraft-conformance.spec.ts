import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { runtimeConformance } from '@oak/runtime/testing';
import { afterAll, beforeAll } from 'vitest';
import { QemuDriver } from '../qemu/qemu-driver.ts';
import { kraftProgram } from '../testing/kraft-program.ts';
import { openUnikraftBench, unikernelTraits, type UnikraftBench } from '../testing/unikraft-subject.ts';
import { KraftLauncher } from './kraft-launcher.ts';

let bench: UnikraftBench;
let storesDir: string;
beforeAll(async () => {
  storesDir = await mkdtemp('/tmp/oak-k-');
  // QEMU's own user passes through.
  await chmod(storesDir, 0o711);
  bench = await openUnikraftBench();
});
afterAll(async () => {
  await bench?.close();
  await rm(storesDir, { recursive: true, force: true });
});

runtimeConformance('kraft', async () => {
  const launcher = new KraftLauncher({ kraft: await kraftProgram(bench.dir), accelerator: 'tcg', storesDir });
  const subject = bench.subject(new QemuDriver({ ...bench.places, program: '/usr/bin/qemu-system-x86_64', accelerator: 'tcg', version: undefined, launcher }));
  return { ...subject, leftovers: async () => [...(await subject.leftovers()), ...(await readdir(storesDir)).map((name) => `store ${name}`)] };
}, unikernelTraits);
