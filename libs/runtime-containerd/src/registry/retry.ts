import { setTimeout as pause } from 'node:timers/promises';
import { RuntimeError } from '@oak/runtime';
import { RegistryError } from './registry-error.ts';

export interface RetryPolicy {
  /** Including the first one. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After so long without any answer it is not asked again now: who wants the image hears of it, and comes back later. */
  readonly silenceMs: number;
  /** 0..1, for the jitter. */
  readonly random: () => number;
}
export const defaultRetryPolicy: RetryPolicy = { attempts: 4, firstPauseMs: 300, longestPauseMs: 15_000, silenceMs: 4_000, random: Math.random };

/** How long to wait after that many failures: doubling with jitter, or what the registry asked for, both up to the longest pause. */
export function pauseMs(failures: number, error: unknown, policy: RetryPolicy): number {
  const asked = error instanceof RegistryError ? error.retryAfterMs : undefined;
  const own = policy.firstPauseMs * 2 ** (failures - 1) * (0.5 + policy.random() / 2);
  return Math.min(policy.longestPauseMs, Math.max(own, asked ?? 0));
}

export const isTemporary = (error: unknown): boolean => error instanceof RuntimeError && error.kind === 'temporary';

/** Resolves after that time; rejects with the signal's reason. */
export async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(ms, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}

const isSilence = (error: unknown): boolean => error instanceof RegistryError && error.status === undefined;

/** Repeats what failed for a temporary reason; the last error stays. */
export async function retrying<T>(policy: RetryPolicy, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  const began = performance.now();
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted || !isTemporary(error) || failures >= policy.attempts) throw error;
      if (isSilence(error) && performance.now() - began >= policy.silenceMs) throw error;
      await rest(pauseMs(failures, error, policy), signal);
    }
  }
}
