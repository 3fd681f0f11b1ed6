/** Resolves when Ctrl-C or SIGTERM has come; `signal` says so from the start. Waiting for it keeps the process alive, which a handler alone does not. */
export function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    const end = (): void => { clearInterval(alive); resolve(); };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Aborts when somebody ends this process, from here on. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => { interrupt.abort(new Error('interrupted')); });
  return interrupt.signal;
}
