import type { StateDir } from '@oak/process';
import { z } from 'zod';
import type { NodeName } from './distances.ts';

const file = 'distances.json';
const schema = z.record(z.string(), z.number().nonnegative());

/** What was measured outlives restarts: else every start would lead callers elsewhere until all is measured anew. */
export class KeptDistances {
  readonly #state: Pick<StateDir, 'read' | 'write'>;
  readonly #log: (text: string) => void;

  constructor(state: Pick<StateDir, 'read' | 'write'>, log: (text: string) => void) {
    this.#state = state;
    this.#log = log;
  }

  /** Nothing when there is none, or none that can be read: then it is measured. */
  read(): [NodeName, number][] {
    try {
      return Object.entries(schema.parse(JSON.parse(this.#state.read(file) ?? '{}')));
    } catch (error) {
      this.#log(`distances to other nodes are measured anew: ${file}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  write(distances: Iterable<readonly [NodeName, number]>): void {
    try {
      this.#state.write(file, JSON.stringify(Object.fromEntries(distances)));
    } catch (error) {
      this.#log(`distances to other nodes are not kept: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
