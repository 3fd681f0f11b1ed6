import { afterAll, beforeAll, describe } from 'vitest';
import { runtimeConformance } from '@oak/runtime/testing';
import { type ContainerdBench, openContainerdBench } from './testing/containerd-subject.ts';

describe.each(['1.6', '2.3'] as const)('containerd %s', (version) => {
  let bench: ContainerdBench;
  beforeAll(async () => void (bench = await openContainerdBench(version)), 60_000);
  afterAll(() => bench?.close(), 60_000);

  for (const handler of ['runc', 'crun', 'runsc']) runtimeConformance(handler, () => bench.subject(handler));
});
