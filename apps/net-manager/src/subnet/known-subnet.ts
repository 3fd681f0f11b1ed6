import type { NodeSubnet } from '@oak/addressing';
import type { StateDir } from '@oak/process';
import { z } from 'zod';
import { faultOf } from './parse-subnet-pair.ts';

const file = 'subnet.json';
const subnetSchema = z.object({ v4: z.string(), v6: z.string() }).superRefine((subnet, context) => {
  const fault = faultOf(subnet);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

/** The subnet that was learnt last; it outlives restarts, so that the node works with its cluster away. */
export class KnownSubnet {
  readonly #state: StateDir;
  #current: NodeSubnet | undefined;

  /** @throws Error that names the file when it is damaged */
  constructor(state: StateDir) {
    this.#state = state;
    const text = state.read(file);
    this.#current = text === undefined ? undefined : parse(text, state.file(file));
  }

  current(): NodeSubnet | undefined {
    return this.#current;
  }

  /** Whether it is another one than before. @throws Error when it can not be one */
  learn(subnet: NodeSubnet): boolean {
    const { v4, v6 } = subnetSchema.parse(subnet);
    if (this.#current?.v4 === v4 && this.#current.v6 === v6) return false;
    this.#state.write(file, JSON.stringify({ v4, v6 }));
    this.#current = { v4, v6 };
    return true;
  }
}

function parse(text: string, path: string): NodeSubnet {
  try {
    return subnetSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is damaged; remove it, the node then asks its cluster again`, { cause: error });
  }
}
