import type { Position } from '@oak/contracts';
import type { MemoryDisk } from '@oak/store/testing';

/** What a process keeps over its restarts. */
export class Machine {
  readonly disk: MemoryDisk = new Map();
  readonly #files = new Map<string, unknown>();
  #epoch = 0;

  nextEpoch(): number {
    return ++this.#epoch;
  }

  file<T = Position>(name: string): { load: () => T | undefined; save: (value: T) => void } {
    return { load: () => this.#files.get(name) as T | undefined, save: (value) => { this.#files.set(name, value); } };
  }
}
