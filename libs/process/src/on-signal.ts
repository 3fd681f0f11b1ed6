/** Runs `stop` once on SIGINT or SIGTERM, then ends the process: 0, or 1 when it failed. */
export function onSignal(stop: () => Promise<void>, complain: (error: unknown) => void): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      stop().then(() => process.exit(0), (error: unknown) => { complain(error); process.exit(1); });
    });
  }
}
