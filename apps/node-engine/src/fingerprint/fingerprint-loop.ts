import { watch, type FSWatcher } from 'node:fs';
import { dirname, basename } from 'node:path';
import { ReconcileLoop, type Clock, type Random } from '@oak/reconcile';
import type { RuntimeCatalogue } from './runtime-catalogue.ts';

export interface FingerprintOptions {
  readonly catalogue: Pick<RuntimeCatalogue, 'refresh' | 'checkPrograms' | 'statuses'>;
  /** The files of containerd's configuration as they are now. */
  readonly files: () => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly periodMs: number;
  readonly log: (text: string) => void;
}

const checkEveryMs = 3_000;
const nothingWorksMs = 10_000;
/** Editors write a file in several steps. */
const settleMs = 200;

/** Probes again when the configuration changes, on SIGHUP and on a period; looks for vanished programs in between. Returns the stop. */
export function startFingerprint({ catalogue, files, clock, random, periodMs, log }: FingerprintOptions): () => Promise<void> {
  let because = 'period';
  let watchers: FSWatcher[] = [];
  const loop = new ReconcileLoop<'refresh' | 'check'>({
    name: 'fingerprint', clock, random, timeoutMs: 600_000,
    reconcile: async (key, signal) => {
      if (key === 'check') { await catalogue.checkPrograms(signal); return { kind: 'again', afterMs: checkEveryMs }; }
      await catalogue.refresh(because, signal);
      because = 'period';
      watchFiles();
      return { kind: 'again', afterMs: waitMs() };
    },
    onError: (key, error) => { log(`fingerprint ${key ?? ''}: ${String(error)}`); },
  });
  /** Nothing works at all: rather containerd is down than every runtime broken. */
  const waitMs = (): number => (catalogue.statuses().some(({ healthy }) => healthy) ? periodMs : Math.min(periodMs, nothingWorksMs));
  let cancelSettle = (): void => undefined;
  const changed = (reason: string): void => {
    because = reason;
    cancelSettle();
    cancelSettle = clock.after(settleMs, () => { loop.trigger('refresh'); });
  };
  /** Folders, since a file that is replaced is another file. */
  function watchFiles(): void {
    for (const watcher of watchers) watcher.close();
    const names = files();
    watchers = [...new Set(names.map(dirname))].flatMap((dir) => {
      try {
        return [watch(dir, (_event, file) => { if (names.some((name) => dirname(name) === dir && basename(name) === file)) changed('configuration changed'); })];
      } catch (error) {
        log(`${dir} can not be watched, so changes there are seen on the period only: ${String(error)}`);
        return [];
      }
    });
  }
  const hangUp = (): void => { changed('SIGHUP'); };
  process.on('SIGHUP', hangUp);
  watchFiles();
  loop.start();
  const cancelFirst = clock.after(waitMs(), () => { loop.trigger('refresh'); });
  loop.trigger('check');
  return async () => {
    process.off('SIGHUP', hangUp);
    cancelSettle();
    cancelFirst();
    for (const watcher of watchers) watcher.close();
    await loop.stop();
  };
}
