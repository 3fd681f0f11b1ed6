import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../candidate.ts';
import type { Demand } from '../demand.ts';
import { place } from '../place.ts';
import { requestFilters } from '../request-filters.ts';
import { staticFilters } from '../static-filters.ts';
import type { Decision } from '../tally.ts';
import { arbitraryCandidate, arbitraryDemand, arbitraryRefusals, modest, roomy } from '../testing/arbitrary-placement.ts';
import { committed, released } from '../usage.ts';
import { PlacementIndex } from './placement-index.ts';

const always: readonly string[] = [...requestFilters, ...staticFilters].map(({ reason }) => reason);

/** The index leaves uncounted who is out of room when it found somebody; all else must be equal. */
function expectSame(ours: Decision, plain: Decision): void {
  if (ours.explanation.complete) return expect(ours).toEqual(plain);
  expect(ours.chosen).toBe(plain.chosen);
  expect(plain.chosen).toBeDefined();
  expect(ours.explanation.evaluated).toBe(plain.explanation.evaluated);
  expect(ours.explanation.top).toEqual(plain.explanation.top);
  expect(ours.explanation.filtered).toEqual(plain.explanation.filtered.filter(({ reason }) => always.includes(reason)));
}

type Step =
  | { readonly kind: 'upsert'; readonly candidate: Candidate }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'place'; readonly demand: Demand; readonly alreadyRefused: ReadonlyMap<string, string> }
  | { readonly kind: 'release' };

const id = fc.nat(9).map((number) => `n${number}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('upsert' as const), candidate: id.chain(arbitraryCandidate) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('place' as const), demand: arbitraryDemand, alreadyRefused: arbitraryRefusals }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
);

/** The index and, beside it, the plain truth. */
class Pair {
  readonly index = new PlacementIndex();
  readonly truth = new Map<string, Candidate>();
  readonly placed: { id: string; demand: Demand }[] = [];

  run(step: Step): void {
    switch (step.kind) {
      case 'upsert': this.upsert(step.candidate); return;
      case 'remove': expect(this.index.remove(step.id)).toBe(this.truth.delete(step.id)); return;
      case 'place': this.place(step.demand, step.alreadyRefused); return;
      case 'release': this.release(); return;
    }
  }

  upsert(candidate: Candidate): void {
    this.index.upsert(candidate);
    this.truth.set(candidate.id, candidate);
  }

  place(demand: Demand, alreadyRefused: ReadonlyMap<string, string> = new Map()): string | undefined {
    const ours = this.index.place(demand, { alreadyRefused });
    expectSame(ours, place(demand, this.truth.values(), { alreadyRefused }));
    const { chosen } = ours;
    if (chosen === undefined) return undefined;
    expect(this.index.commit(chosen, demand)).toBe(true);
    this.truth.set(chosen, committed(this.truth.get(chosen)!, demand));
    this.placed.push({ id: chosen, demand });
    return chosen;
  }

  release(): void {
    const last = this.placed.pop();
    const candidate = last && this.truth.get(last.id);
    if (!last) return;
    expect(this.index.release(last.id, last.demand)).toBe(candidate !== undefined);
    if (candidate) this.truth.set(last.id, released(candidate, last.demand));
  }
}

test('it answers as the plain pipeline does, whatever happened before', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const pair = new Pair();
    for (const one of steps) pair.run(one);
    expect(pair.index.size).toBe(pair.truth.size);
    for (const candidate of pair.truth.values()) expect(pair.index.get(candidate.id)).toEqual(candidate);
  }), { numRuns: 300 });
});

describe('many candidates, one microservice', () => {
  const unequal = (count: number, changes: Partial<Candidate> = {}) => Array.from({ length: count }, (_, index) => roomy(`n${index}`, {
    free: { vcpus: 4, memoryMiB: 1024 + ((index * 7919) % 3000), storageMiB: 0, vgpus: 0 }, ...changes,
  }));
  const small: Partial<Demand> = { resources: { vcpus: 0.1, memoryMiB: 10, storageMiB: 0, vgpus: 0 } };

  test.each([
    ['spread over all', modest(small)],
    ['one per host port', modest({ ...small, hostPorts: [{ port: 80, protocol: 'tcp' }] })],
  ])('%s', (_, demand) => {
    const pair = new Pair();
    for (const candidate of unequal(150)) pair.upsert(candidate);
    const chosen = Array.from({ length: 170 }, () => pair.place(demand));
    expect(new Set(chosen.slice(0, 150)).size).toBe(150);
    pair.upsert(roomy('late'));
    pair.index.remove('n3');
    pair.truth.delete('n3');
    expect(pair.place(demand)).toBe('late');
    pair.place(demand, new Map([['n1', 'no']]));
  });

  test('more microservices in turn than it keeps lenses for', () => {
    const pair = new Pair();
    for (const candidate of unequal(60)) pair.upsert(candidate);
    for (let round = 0; round < 55; round += 1) for (let key = 0; key < 18; key += 1) pair.place(modest({ ...small, spreadKey: `s${key}` }));
    expect(pair.placed).toHaveLength(55 * 18);
  });

  test('groups come and go', () => {
    const pair = new Pair();
    for (const candidate of unequal(60)) pair.upsert(candidate);
    for (let round = 0; round < 45; round += 1) pair.place(modest(small));
    for (const candidate of unequal(60, { archs: ['arm64'] })) pair.upsert(candidate);
    pair.place(modest(small));
    for (const candidate of unequal(60)) pair.upsert(candidate);
    pair.place(modest(small));
  });
});

test('what a cluster says anew counts at once', () => {
  const cluster = (arch: string) => roomy('c1', { fits: [{ virtualization: 'docker', arch, shapes: [roomy('x').free] }] });
  const pair = new Pair();
  pair.upsert(cluster('amd64'));
  expect(pair.place(modest({ archs: ['arm64'] }))).toBeUndefined();
  pair.upsert(cluster('arm64'));
  expect(pair.place(modest({ archs: ['arm64'] }))).toBe('c1');
  expect(pair.place(modest({ archs: ['amd64'] }))).toBeUndefined();
});

test('a new reason of a broken runtime is told at once', () => {
  const broken = (reason: string) => roomy('n1', { runtimes: { docker: { available: false, reason } } });
  const pair = new Pair();
  for (const reason of ['no shim', 'exit 1']) {
    pair.upsert(broken(reason));
    expect(pair.index.place(modest()).explanation.summary).toContain(reason);
  }
});

test('unknown candidates change nothing', () => {
  const index = new PlacementIndex();
  expect([index.remove('x'), index.commit('x', modest()), index.release('x', modest()), index.get('x')]).toEqual([false, false, false, undefined]);
  expect(index.place(modest()).explanation.summary).toBe('there is no node to ask');
});

test('what was given is not changed by commits', () => {
  const given = roomy('n1');
  const index = new PlacementIndex();
  index.upsert(given);
  index.commit('n1', modest({ hostPorts: [{ port: 80, protocol: 'tcp' }] }));
  expect(given).toEqual(roomy('n1'));
  expect(index.get('n1')).toMatchObject({ free: { vcpus: 3 }, hosts: { web: 1 }, hostPorts: [{ port: 80 }] });
});
