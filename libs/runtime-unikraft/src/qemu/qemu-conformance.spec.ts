import { runtimeConformance } from '@oak/runtime/testing';
import { afterAll, beforeAll } from 'vitest';
import { openUnikraftBench, unikernelTraits, type UnikraftBench } from '../testing/unikraft-subject.ts';
import { QemuDriver } from './qemu-driver.ts';

let bench: UnikraftBench;
beforeAll(async () => { bench = await openUnikraftBench(); });
afterAll(() => bench?.close());

runtimeConformance('QEMU', () => Promise.resolve(bench.subject(new QemuDriver({ ...bench.places, program: '/usr/bin/qemu-system-x86_64', accelerator: 'tcg', version: undefined }))), unikernelTraits);
