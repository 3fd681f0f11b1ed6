/** Undo of a timer; calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/** Time as an argument. `now`: milliseconds since 1970. `after`: calls `run` once, `ms` milliseconds from now. */
export interface Clock {
  now(): number;
  after(ms: number, run: () => void): Cancel;
}

/** `next`: a number from 0 up to, not including, 1. */
export interface Random {
  next(): number;
}
