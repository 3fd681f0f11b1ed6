/** An instance as a rollout sees it. */
export interface RolloutInstance {
  readonly id: string;
  readonly number: number;
  readonly version: number;
  readonly isWanted: boolean;
  /** It takes calls, or has done what it was for. */
  readonly isSettled: boolean;
  /** It came to an end for good: it is not replaced. */
  readonly isFinal: boolean;
  /** Whose place it takes. */
  readonly replaces: string | undefined;
  /** Times that it was started again. */
  readonly restarts: number;
  /** How long it has been there without being settled, as far as this process knows. */
  readonly waitingMs: number;
  /** For people. */
  readonly detail: string;
}

export interface RolloutWish {
  readonly version: number;
  /** Undefined: as many as there are. */
  readonly wished: number | undefined;
  readonly going: { readonly surge: number; readonly patienceMs: number; readonly order: 'start_first' | 'stop_first' } | undefined;
}

export interface RolloutPlan {
  /** So many more. */
  readonly create: number;
  /** A new one for each of these. */
  readonly replace: readonly string[];
  readonly remove: readonly string[];
  /** done: every instance is of the version. failed: a new one does not come up. */
  readonly outcome: { readonly kind: 'going'; readonly detail: string; readonly lookAgainMs?: number } | { readonly kind: 'done' } | { readonly kind: 'failed'; readonly detail: string } | { readonly kind: 'none' };
}

/** It was started again so often that it will not come up. */
const restartsMost = 3;

/**
 * The instances of one service, decided from what there is. A new one is there and answers before the old one whose place it takes goes, so that the service never has fewer that answer than before.
 * An old one that does not answer has nothing to lose: it goes when its successor comes. With `stop_first` every old one goes then: its successor waits for the room.
 */
export function planRollout(wish: RolloutWish, all: readonly RolloutInstance[]): RolloutPlan {
  const wanted = all.filter((one) => one.isWanted);
  const byId = new Map(wanted.map((one) => [one.id, one]));
  const isSuccessor = ({ replaces }: RolloutInstance): boolean => byId.has(replaces ?? '');
  const successors = wanted.filter(isSuccessor);
  const places = wanted.filter((one) => !isSuccessor(one));
  const scaled = scale(wish, places);
  const gone = new Set(scaled.remove);
  for (const one of successors) gone.add(leaving(one, byId.get(one.replaces ?? ''), wish, gone));
  gone.delete('');
  const left = wanted.filter(({ id }) => !gone.has(id));
  const moved = wish.going ? roll(wish.version, wish.going, left) : { replace: [], outcome: { kind: 'none' } as const };
  return { create: scaled.create, replace: moved.replace, remove: [...gone], outcome: moved.outcome };
}

/** Of a successor and whom it is to replace, one may go by now; an empty text: neither. One of a version that is not wanted any more is still better than one that does not answer. */
function leaving(successor: RolloutInstance, before: RolloutInstance | undefined, { version, going }: RolloutWish, gone: ReadonlySet<string>): string {
  if (before === undefined) return '';
  if (gone.has(before.id)) return successor.id;
  if (successor.version === version) return successor.isSettled || !before.isSettled || going?.order === 'stop_first' ? before.id : '';
  if (!successor.isSettled || before.isSettled) return successor.id;
  return before.version === version ? '' : before.id;
}

/** Those go first that are missed least: that do not answer, that are old, that came last. */
function scale({ wished, version }: RolloutWish, places: readonly RolloutInstance[]): { create: number; remove: string[] } {
  if (wished === undefined) return { create: 0, remove: [] };
  const byWorth = places.toSorted((a, b) => Number(b.isSettled) - Number(a.isSettled) || Number(b.version === version) - Number(a.version === version) || a.number - b.number);
  return { create: Math.max(0, wished - places.length), remove: byWorth.slice(wished).map(({ id }) => id) };
}

function roll(version: number, { surge, patienceMs }: { readonly surge: number; readonly patienceMs: number }, left: readonly RolloutInstance[]): { replace: string[]; outcome: RolloutPlan['outcome'] } {
  const rising = left.filter((one) => one.version === version && !one.isSettled);
  const failed = rising.find(({ waitingMs, restarts }) => waitingMs >= patienceMs || restarts >= restartsMost);
  if (failed) return { replace: [], outcome: { kind: 'failed', detail: `instance ${failed.number} of version ${version} does not come up: ${failed.detail}` } };
  const succeeded = new Set(left.flatMap(({ replaces }) => replaces ?? []));
  const ids = new Set(left.map(({ id }) => id));
  const old = left.filter((one) => one.version !== version && !one.isFinal && !ids.has(one.replaces ?? ''));
  if (old.length === 0 && rising.length === 0) return { replace: [], outcome: { kind: 'done' } };
  const next = old.filter(({ id }) => !succeeded.has(id)).toSorted((a, b) => Number(a.isSettled) - Number(b.isSettled) || a.number - b.number).slice(0, Math.max(0, surge - rising.length));
  const lookAgainMs = Math.min(...rising.map(({ waitingMs }) => patienceMs - waitingMs));
  const detail = `${old.length} of another version left, ${rising.length + next.length} of version ${version} on the way`;
  return { replace: next.map(({ id }) => id), outcome: { kind: 'going', detail, ...(Number.isFinite(lookAgainMs) && { lookAgainMs }) } };
}
