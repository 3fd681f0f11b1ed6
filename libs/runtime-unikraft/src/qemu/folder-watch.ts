import { type FSWatcher, watch } from 'node:fs';
import type { RuntimeEvent } from '@oak/runtime';

type Listener = (event: RuntimeEvent) => void;

/** A killed parent writes no status; nobody waits longer than this to hear of it. */
const lookMs = 2_000;

export interface FolderWatchOptions {
  readonly folderOf: (id: string) => string;
  /** Ids of all machines that are there. */
  readonly ids: () => Promise<readonly string[]>;
  /** It ran and does so no more. */
  readonly hasEnded: (id: string) => Promise<boolean>;
}

/** Tells when machines begin and end, also those that an earlier process began. */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #listeners = new Set<Listener>();
  readonly #watched = new Map<string, FSWatcher | undefined>();
  readonly #ended = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  watch(listener: Listener): () => void {
    const own: Listener = (event) => listener(event);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#open();
    queueMicrotask(() => { if (this.#listeners.has(own)) own({ id: undefined, kind: 'resync' }); });
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#close();
    };
  }

  /** A machine of this id begins, perhaps again. */
  add(id: string): void {
    this.#ended.delete(id);
    if (this.#listeners.size === 0 || this.#watched.has(id)) return;
    this.#watched.set(id, watchFolder(this.#options.folderOf(id), () => { void this.#look(id); }));
    void this.#look(id);
  }

  started(id: string): void {
    this.#tell({ id, kind: 'started' });
  }

  drop(id: string): void {
    this.#watched.get(id)?.close();
    this.#watched.delete(id);
    this.#ended.delete(id);
  }

  #open(): void {
    const all = async (): Promise<void> => { for (const id of await this.#options.ids()) this.add(id); };
    void all().catch(() => { this.#tell({ id: undefined, kind: 'resync' }); });
    this.#timer = setInterval(() => { for (const id of this.#watched.keys()) void this.#look(id); }, lookMs);
    this.#timer.unref();
  }

  #close(): void {
    clearInterval(this.#timer);
    for (const id of [...this.#watched.keys()]) this.drop(id);
  }

  async #look(id: string): Promise<void> {
    if (this.#ended.has(id)) return;
    const ended = await this.#options.hasEnded(id).catch(() => false);
    if (!ended || this.#ended.has(id) || !this.#watched.has(id)) return;
    this.#ended.add(id);
    this.#tell({ id, kind: 'exited' });
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/** Without inotify (its watches are used up) the slow look finds what happened. */
function watchFolder(path: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, changed).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
