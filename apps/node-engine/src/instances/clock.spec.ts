import type { Program } from '@oak/runtime/testing';
import { describe, expect, test } from 'vitest';
import { ANode, id, specOf } from '../testing/a-node.ts';

const hourMs = 3_600_000;
const crashing: Program = [{ exit: 1 }];

async function started(program: Program) {
  const node = new ANode();
  const engine = node.engine();
  await engine.instances.take([specOf(program)]);
  const failures = (): Promise<number> => engine.instances.failures(id);
  const starts = (): number => node.runtime.calls.filter(({ verb }) => verb === 'start').length;
  return { node, failures, starts, settle: engine.settle };
}

describe.each([['forward', hourMs], ['back', -hourMs]])('somebody sets the clock %s by an hour', (_way, jumpMs) => {
  test('a crash loop goes on at its pace', async () => {
    const { node, failures, starts, settle } = await started(crashing);
    // The first restart is at once, the next ones after about one and two seconds.
    await settle(2);
    const before = { failures: await failures(), starts: starts(), now: node.clock.monotonic() };
    node.clock.jump(jumpMs);
    await settle(1);
    expect(await failures()).toBe(before.failures + 1);
    expect(starts()).toBe(before.starts + 1);
    const waitedMs = node.clock.monotonic() - before.now;
    expect(waitedMs).toBeGreaterThan(1_000);
    expect(waitedMs).toBeLessThan(10_000);
  });

  test('a long run is healthy and a short one is not, whatever the clock says', async () => {
    const { node, failures, settle } = await started([{ sleepMs: 90_000 }, { exit: 1 }]);
    await settle();
    node.clock.jump(jumpMs);
    await node.clock.advance(90_000);
    await settle(1);
    expect(await failures()).toBe(1);
    const short = await started([{ sleepMs: 500 }, { exit: 1 }]);
    await short.settle(1);
    const before = await short.failures();
    short.node.clock.jump(jumpMs);
    await short.settle(1);
    expect(await short.failures()).toBeGreaterThan(before);
  });

  test('how long a start took is never less than nothing', async () => {
    const node = new ANode();
    node.runtime.images.set('image', { pullMs: 60 });
    const { instances, settle } = node.engine();
    await instances.take([specOf([{ forever: true }])]);
    const settling = settle();
    node.clock.jump(jumpMs);
    await settling;
    const { phasesMs } = (await instances.get(id))?.report ?? {};
    expect(phasesMs).toMatchObject({ prepare: 60, total: 60 });
  });
});
