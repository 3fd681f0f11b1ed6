/**
 * For a step that must not be cut off while it is likely to end soon: aborted only `patienceMs` after the given signal.
 * Call `release` when the step is over.
 */
export function lateAbort(signal: AbortSignal, patienceMs: number): { readonly signal: AbortSignal; readonly release: () => void } {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const arm = () => (timer = setTimeout(() => late.abort(signal.reason), patienceMs));
  if (signal.aborted) arm();
  else signal.addEventListener('abort', arm, { once: true });
  const release = () => {
    signal.removeEventListener('abort', arm);
    clearTimeout(timer);
  };
  return { signal: late.signal, release };
}
