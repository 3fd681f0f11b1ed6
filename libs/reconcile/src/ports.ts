/** Undo of a timer; calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/**
 * Time as an argument. `now`: milliseconds since 1970, for people only: somebody may set that clock while we run.
 * `monotonic`: milliseconds since an arbitrary moment; it only grows, so silence, delays and rates are measured with it. It means nothing to another process.
 * `after`: calls `run` once, `ms` milliseconds from now by the monotonic time.
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  after(ms: number, run: () => void): Cancel;
}

/** `next`: a number from 0 up to, not including, 1. */
export interface Random {
  next(): number;
}
