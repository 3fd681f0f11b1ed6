import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planRollout, type RolloutInstance, type RolloutWish } from './plan-rollout.ts';

const going = { surge: 1, patienceMs: 60_000, order: 'start_first' as const };
const one = (number: number, more: Partial<RolloutInstance> = {}): RolloutInstance => ({
  id: `i${number}`, number, version: 1, isWanted: true, isSettled: true, isFinal: false, replaces: undefined, restarts: 0, waitingMs: 0, detail: '', ...more,
});
const three = [one(0), one(1), one(2)];

describe('how many', () => {
  const plan = (wished: number | undefined, all: readonly RolloutInstance[]) => planRollout({ version: 1, wished, going: undefined }, all);

  test('as many as are wished, no matter who is leaving', () => {
    expect(plan(5, three)).toMatchObject({ create: 2, remove: [] });
    expect(plan(3, three)).toMatchObject({ create: 0, remove: [] });
    expect(plan(3, [...three.slice(0, 2), one(2, { isWanted: false })])).toMatchObject({ create: 1, remove: [] });
    expect(plan(undefined, three)).toMatchObject({ create: 0, remove: [] });
  });

  test('those go that are missed least', () => {
    expect(plan(1, three).remove).toEqual(['i1', 'i2']);
    expect(plan(2, [one(0, { isSettled: false }), one(1), one(2)]).remove).toEqual(['i0']);
    expect(plan(0, three).remove).toHaveLength(3);
  });

  test('a successor has no place of its own yet, and goes with whom it would replace', () => {
    const all = [one(0), one(1), one(2, { version: 2, replaces: 'i1', isSettled: false })];
    expect(planRollout({ version: 2, wished: 2, going }, all)).toMatchObject({ create: 0, remove: [] });
    expect(planRollout({ version: 2, wished: 1, going }, all).remove).toEqual(['i1', 'i2']);
  });
});

describe('one after the other', () => {
  const wish: RolloutWish = { version: 2, wished: undefined, going };

  test('a new one comes, answers, and only then the old one goes', () => {
    expect(planRollout(wish, three)).toMatchObject({ replace: ['i0'], remove: [], outcome: { kind: 'going' } });
    const rising = [...three, one(3, { version: 2, replaces: 'i0', isSettled: false })];
    expect(planRollout(wish, rising)).toMatchObject({ replace: [], remove: [] });
    expect(planRollout(wish, [...three, one(3, { version: 2, replaces: 'i0' })])).toMatchObject({ replace: ['i1'], remove: ['i0'] });
  });

  test('an old one that does not answer is not waited for, and comes first', () => {
    const all = [one(0), one(1, { isSettled: false })];
    expect(planRollout(wish, all).replace).toEqual(['i1']);
    expect(planRollout(wish, [...all, one(2, { version: 2, replaces: 'i1', isSettled: false })]).remove).toEqual(['i1']);
  });

  test('where there is no room for both, the old one goes as soon as its successor is there to wait, and the next one only after that', () => {
    const stopFirst = { ...wish, going: { ...going, order: 'stop_first' as const } };
    expect(planRollout(stopFirst, three)).toMatchObject({ replace: ['i0'], remove: [] });
    expect(planRollout(stopFirst, [...three, one(3, { version: 2, replaces: 'i0', isSettled: false })])).toMatchObject({ replace: [], remove: ['i0'] });
  });

  test('what has ended for good is not done again', () => {
    expect(planRollout(wish, [one(0, { isFinal: true })]).outcome).toEqual({ kind: 'done' });
  });

  test.each([[{ waitingMs: 60_000 }], [{ restarts: 3 }]])('a new one that does not come up (%j) is a failure, and nothing more is touched', (trouble) => {
    const plan = planRollout(wish, [...three, one(3, { version: 2, replaces: 'i0', isSettled: false, detail: 'no such image', ...trouble })]);
    expect(plan).toMatchObject({ replace: [], remove: [], outcome: { kind: 'failed', detail: expect.stringContaining('no such image') as string } });
  });

  test('back again: who was to come is sent away, who came already is replaced', () => {
    const all = [one(1), one(3, { version: 2 }), one(4, { version: 2, replaces: 'i1', isSettled: false })];
    expect(planRollout({ ...wish, version: 1 }, all)).toMatchObject({ replace: ['i3'], remove: ['i4'] });
  });
});

/** What happens meanwhile, as far as a rollout sees it. */
type Event = { readonly kind: 'settle' | 'unsettle' | 'vanish'; readonly at: number } | { readonly kind: 'pass' } | { readonly kind: 'version'; readonly to: number };
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Event>({ kind: 'pass' }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('unsettle' as const, 'vanish' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('version' as const), to: fc.integer({ min: 1, max: 3 }) }) },
);

function pass(wish: RolloutWish, all: RolloutInstance[], next: { number: number }): RolloutInstance[] {
  const { create, replace, remove } = planRollout(wish, all);
  const made = [...Array.from({ length: create }, () => undefined), ...replace].map((replaces) => one(next.number++, { version: wish.version, replaces, isSettled: false }));
  return [...all.filter(({ id }) => !remove.includes(id)), ...made];
}

test('whatever happens: a pass never leaves fewer places than there were, nor fewer that answer, nor more than the surge on the way; and left alone it comes to an end', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 3 }), fc.array(event, { maxLength: 40 }), (count, surge, events) => {
    let wish: RolloutWish = { version: 2, wished: undefined, going: { ...going, surge } };
    let all = Array.from({ length: count }, (_, at) => one(at));
    const next = { number: count };
    const isPlace = ({ replaces }: RolloutInstance): boolean => !all.some(({ id }) => id === replaces);
    const places = (): number => all.filter(isPlace).length;
    /** By itself or by its successor. */
    const answering = (): number => all.filter((each) => isPlace(each) && (each.isSettled || all.some(({ replaces, isSettled }) => replaces === each.id && isSettled))).length;
    for (const happened of events) {
      const before = { places: places(), answering: answering() };
      if (happened.kind === 'pass') {
        const rising = all.filter(({ version, isSettled }) => version === wish.version && !isSettled).length;
        const made = next.number;
        all = pass(wish, all, next);
        expect(next.number - made).toBeLessThanOrEqual(Math.max(0, surge - rising));
        expect(places()).toBe(before.places);
        expect(answering()).toBeGreaterThanOrEqual(before.answering);
      } else if (happened.kind === 'version') wish = { ...wish, version: happened.to };
      else if (happened.kind === 'vanish') all = all.filter((_, at) => at !== happened.at % Math.max(1, all.length));
      else all = all.map((each, at) => (at === happened.at % all.length ? { ...each, isSettled: happened.kind === 'settle' } : each));
    }
    const wanted = places();
    for (let times = 0; times < 4 * all.length + 4; times += 1) all = pass(wish, all, next).map((each) => ({ ...each, isSettled: true }));
    expect([all.length, all.every(({ version }) => version === wish.version), planRollout(wish, all).outcome.kind]).toEqual([wanted, true, 'done']);
  }), { numRuns: 2_000 });
});
