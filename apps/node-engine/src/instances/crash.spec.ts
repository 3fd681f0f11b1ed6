import type { Program } from '@oak/runtime/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANode, id, specOf, type Engine } from '../testing/a-node.ts';
import { Dead, Life } from '../testing/mortal.ts';

const nothing = { lives: [], attached: 0, records: 0 };
const forever: Program = [{ forever: true }];

interface Case { readonly name: string; readonly program: Program; readonly change?: Readonly<Record<string, unknown>>; readonly status: string; readonly left: object }
const cases: readonly Case[] = [
  { name: 'a service', program: forever, status: 'RUNNING', left: { lives: ['running'], attached: 1, records: 1 } },
  { name: 'one that completes', program: [{ sleepMs: 10 }, { exit: 0 }], change: { one_shot: true }, status: 'COMPLETED', left: { lives: [], attached: 0, records: 1 } },
];

/** Life after life until one of them gets to the end of what is wanted. The cluster says again what it wants, as it does to everybody who registers. */
async function until(node: ANode, lives: Iterable<Life>, stage: (engine: Engine) => Promise<void>): Promise<void> {
  for (const life of [...lives, new Life()]) {
    const engine = node.engine(life);
    const died = await stage(engine).then(() => false, (error: unknown) => { if (!life.over) throw error; return error instanceof Dead || life.over; });
    if (!died) return;
  }
}

const deploy = (program: Program, change: Case['change']) => async ({ instances, settle }: Engine): Promise<void> => {
  await instances.take([specOf(program, change)]);
  await settle();
};
const withdraw = async ({ instances, settle }: Engine): Promise<void> => {
  if (await instances.get(id)) await instances.drop([id]);
  await settle();
};

/** How many calls a life without an end takes. */
async function callsOf(stage: (node: ANode, life: Life) => Promise<void>): Promise<number> {
  const life = new Life();
  await stage(new ANode(), life);
  return life.calls;
}

describe.each(cases)('$name', ({ program, change, status, left }) => {
  const start = deploy(program, change);

  async function expectWhole(node: ANode): Promise<void> {
    expect(await node.left()).toEqual(left);
    // One that registers tells all that it knows.
    const { instances } = node.engine();
    const report = (await instances.get(id))?.report;
    expect(report?.status).toBe(status);
    if (status === 'RUNNING') expect(report).toMatchObject({ ipv4: '10.18.0.2', ipv6: 'fc00::2', virtualization: 'runc' });
  }

  test('the engine ends at any call of its start: the next life makes it one instance, whole', async () => {
    const calls = await callsOf((node, life) => start(node.engine(life)));
    expect(calls).toBeGreaterThan(6);
    for (let call = 1; call <= calls; call++) {
      for (const end of ['before', 'after'] as const) {
        const node = new ANode();
        await until(node, [new Life(call, end)], start);
        await expectWhole(node);
        await until(node, [], withdraw);
        expect(await node.left(), `${end} call ${call}`).toEqual(nothing);
      }
    }
  });

  test('the engine ends at any call of its removal: nothing is left', async () => {
    const calls = await callsOf(async (node, life) => {
      await until(node, [], start);
      await withdraw(node.engine(life));
    });
    for (let call = 1; call <= calls; call++) {
      for (const end of ['before', 'after'] as const) {
        const node = new ANode();
        await until(node, [], start);
        await until(node, [new Life(call, end)], withdraw);
        expect(await node.left(), `${end} call ${call}`).toEqual(nothing);
      }
    }
  });

  test('however often it ends on the way, it comes to the same', async () => {
    const life = fc.record({ calls: fc.integer({ min: 1, max: 25 }), end: fc.constantFrom('before' as const, 'after' as const) });
    await fc.assert(fc.asyncProperty(fc.array(life, { maxLength: 6 }), fc.array(life, { maxLength: 6 }), async (starts, removals) => {
      const node = new ANode();
      const lives = (all: typeof starts) => all.map(({ calls, end }) => new Life(calls, end));
      await until(node, lives(starts), start);
      await expectWhole(node);
      await until(node, lives(removals), withdraw);
      expect(await node.left()).toEqual(nothing);
    }), { numRuns: 60 });
  });
});

test('a start that failed and yet runs is taken over as a new attempt', async () => {
  const node = new ANode();
  const { instances, settle } = node.engine();
  await instances.take([specOf(forever)]);
  await instances.say(id, { id, attempt: 0, restarts: 0, status: 'FAILED', detail: 'so it seemed' });
  const workload = { id, name: 'x', image: 'image', command: [], environment: [], hostname: 'x', limits: { vcpus: 0, memoryMiB: 0 }, privileged: false, mounts: [], labels: {} };
  await node.runtime.start(workload, { netnsPath: '', hosts: [], nameservers: [], searchDomains: [] }, new AbortController().signal);
  await settle();
  expect((await instances.get(id))?.report).toMatchObject({ status: 'RUNNING', attempt: 1, restarts: 1 });
});

test('one that is given again in the middle of its removal starts anew, and nobody hears that it is gone', async () => {
  const node = new ANode();
  const { instances, settle } = node.engine();
  await instances.take([specOf(forever)]);
  await settle();
  await instances.drop([id]);
  const detach = node.net.detach;
  node.net.detach = async (instanceId) => {
    node.net.detach = detach;
    await detach(instanceId);
    await instances.take([{ ...specOf(forever), attempt: 1 }]);
  };
  await settle();
  // The loop would look again, as it was triggered meanwhile.
  await settle();
  expect(await node.left()).toEqual({ lives: ['running'], attached: 1, records: 1 });
  expect((await instances.get(id))?.report).toMatchObject({ status: 'RUNNING', ipv4: '10.18.0.2' });
  expect(node.told.map(({ status }) => status)).not.toContain('UNDEPLOYED');
});
