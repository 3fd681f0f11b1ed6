import type { Run } from './run.ts';

/** At most `limit` programs at once; the others wait in the order they came. Fifty instances at once would else be a hundred processes. */
export function limited(run: Run, limit: number): Run {
  const waiting: (() => void)[] = [];
  let free = limit;
  const take = (): Promise<void> | undefined => {
    if (free > 0) { free -= 1; return undefined; }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const give = (): void => { const next = waiting.shift(); if (next) next(); else free += 1; };
  return async (program, args, input) => {
    await take();
    try {
      return await run(program, args, input);
    } finally {
      give();
    }
  };
}
