import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PeerRoute } from '@oak/contracts';
import { realClock } from '@oak/reconcile';
import { FakeClock } from '@oak/reconcile/testing';
import type { StateDir } from '@oak/process';
import { Distances, marginOf } from './distances.ts';
import { KeptDistances } from './kept-distances.ts';
import { roundTrip } from './round-trip.ts';
import { everyMs, Rounds } from './rounds.ts';

describe('a distance', () => {
  test('counts at the first answer, stays through one odd round, and follows two', () => {
    const distances = new Distances([]);
    const seen = [10, 11, 40, 10, 40, 41, undefined, 40, undefined, undefined, 7].map((ms) => { const moved = distances.measured('n', ms); return [moved, distances.to('n')]; });
    expect(seen).toEqual([
      [true, 10], [false, 10], [false, 10], [false, 10], [false, 10], [true, 41], [false, 41], [false, 41], [false, 41], [true, undefined], [true, 7],
    ]);
  });

  test('of a line that trembles within its margin never moves', () => {
    fc.assert(fc.property(fc.double({ min: 0.05, max: 500, noNaN: true }), fc.array(fc.double({ min: -1, max: 1, noNaN: true })), (ms, trembles) => {
      const distances = new Distances([]);
      distances.measured('n', ms);
      return trembles.every((part) => !distances.measured('n', Math.max(0, ms + part * marginOf(ms) * 0.999)));
    }));
  });

  test('of a node that is told no more is forgotten', () => {
    const distances = new Distances([]);
    distances.measured('a', 1);
    distances.measured('b', 2);
    expect([distances.keep(new Set(['b'])), distances.to('a'), distances.settled()]).toEqual([['a'], undefined, [['b', 2]]]);
  });
});

describe('rounds', () => {
  const peer = (n: number): PeerRoute => ({ kind: 'peer', id: `c1/n${n}`, cluster: 'c1', node: `n${n}`, host: `192.0.2.${n}`, port: 50_103, subnets: [{ v4: `10.18.${n}.0/26`, v6: `fc00::${n}00/120` }] });
  const memory = () => { const files = new Map<string, string>(); return { read: (name: string) => files.get(name), write: (name: string, text: string) => { files.set(name, text); } }; };
  const opened = (measure: (address: string) => Promise<number | undefined>, peers = [peer(1), peer(2)], state: Pick<StateDir, 'read' | 'write'> = memory()) => {
    const said: string[] = [];
    const clock = new FakeClock();
    const changes: string[][] = [];
    const kept = new KeptDistances(state, (text) => { said.push(text); });
    const rounds = new Rounds({ peers: () => peers, measure, clock, kept, onChange: (nodes) => { changes.push([...nodes].toSorted()); } });
    return { clock, changes, rounds, peers, said };
  };

  test('take the shortest of three for each node, and tell only what moved', async () => {
    const answers = new Map([['10.18.1.1', [9, 4, 6]], ['10.18.2.1', [20, 30, 25]]]);
    const { clock, changes, rounds } = opened((address) => { const [next = 0, ...rest] = answers.get(address) ?? []; answers.set(address, [...rest, next]); return Promise.resolve(next); });
    rounds.soon();
    await clock.advance(0);
    await clock.advance(3 * everyMs);
    expect([rounds.to('c1/n1'), rounds.to('c1/n2'), rounds.to('c1/n3'), changes]).toEqual([4, 20, undefined, [['c1/n1', 'c1/n2']]]);
    await rounds.stop();
    expect(clock.waiting).toBe(0);
  });

  test('ask a silent node once in a round, and a node that is new within a second', async () => {
    const asked: string[] = [];
    const { clock, rounds, peers } = opened((address) => { asked.push(address); return Promise.resolve(undefined); }, [peer(1)]);
    rounds.soon();
    await clock.advance(100);
    peers.push(peer(2));
    for (let n = 0; n < 5; n += 1) rounds.soon();
    await clock.advance(1_000);
    expect(asked).toEqual(['10.18.1.1', '10.18.2.1']);
    await rounds.stop();
  });

  test('are remembered, and who is no peer any more is told of and forgotten', async () => {
    const state = memory();
    const first = opened(() => Promise.resolve(5), [peer(1), peer(2)], state);
    first.rounds.soon();
    await first.clock.advance(0);
    await first.rounds.stop();
    const second = opened(() => Promise.resolve(5.5), [peer(2)], state);
    expect([second.rounds.to('c1/n1'), second.rounds.to('c1/n2')]).toEqual([5, 5]);
    second.rounds.soon();
    await second.clock.advance(0);
    await second.rounds.stop();
    expect([second.changes, second.rounds.to('c1/n1'), state.read('distances.json')]).toEqual([[['c1/n1']], undefined, '{"c1/n2":5}']);
  });

  test.each(['nonsense', '{"c1/n1":-1}', '[1]'])('with %s as memory begin anew and say so; a full disk ends nothing', async (text) => {
    const { clock, rounds, said } = opened(() => Promise.resolve(3), [peer(1)], { read: () => text, write: () => { throw new Error('ENOSPC'); } });
    rounds.soon();
    await clock.advance(0);
    await rounds.stop();
    expect([rounds.to('c1/n1'), said.length, said[1]]).toEqual([3, 2, 'distances to other nodes are not kept: ENOSPC']);
  });

  test('keep their pace for all, however often something changes', async () => {
    let asked = 0;
    const { clock, rounds } = opened(() => { asked += 1; return Promise.resolve(1); }, [peer(1)]);
    for (let n = 0; n <= 3 * everyMs; n += 500) {
      rounds.soon();
      await clock.advance(500);
    }
    await rounds.stop();
    expect(asked / 3).toBe(4);
  });

  test('that end in the middle tell nobody', async () => {
    const { clock, changes, rounds } = opened(() => Promise.resolve(1));
    rounds.soon();
    const stopped = clock.advance(0).then(() => rounds.stop());
    await rounds.stop();
    await stopped;
    expect([changes, clock.waiting]).toEqual([[], 0]);
  });
});

describe('a round trip', () => {
  test('ends with the refusal of the other side; who says nothing is not measured', async () => {
    expect(await roundTrip('127.0.0.1', realClock, 5_000)).toBeGreaterThan(0);
    expect(await roundTrip('127.0.0.1', { ...realClock, after: (_ms, run) => { queueMicrotask(run); return () => undefined; } }, 1)).toBeUndefined();
  });

  test('to an address without a way there is none', async () => {
    expect(await roundTrip('255.255.255.255', realClock, 5_000)).toBeUndefined();
  });
});
