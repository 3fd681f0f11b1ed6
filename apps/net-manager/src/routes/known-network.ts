import { chainedOf } from '@oak/addressing';
import { overlayRangesSchema, positionSchema, routeSchema, subnetPairSchema, type NodeNetworkAnswer, type Route, type Routes } from '@oak/contracts';
import type { StateDir } from '@oak/process';
import { ChainedInbox, type Cancel, type ChainedOutcome, type ChainedPosition, type Clock } from '@oak/reconcile';
import { z } from 'zod';
import type { NodeAddresses } from '../overlay/overlay.ts';
import { addressesFault } from './addresses-fault.ts';

const addressesFile = 'network.json';
const routesFile = 'routes.json';
const addressesSchema = z.object({ subnets: z.array(subnetPairSchema).max(16), nodeRanges: overlayRangesSchema, serviceRanges: overlayRangesSchema })
  .superRefine((addresses, context) => { const fault = addressesFault(addresses); if (fault !== undefined) context.addIssue({ code: 'custom', message: fault }); });
const routesSchema = z.object({ position: positionSchema.optional(), routes: z.array(routeSchema) });

/** Many changes in a short time are one write of many routes. */
const writeAfterMs = 1000;
/** After a write that failed. */
const writeAgainMs = 10_000;

/** All that this node was told; it outlives restarts, so that the node works with its cluster away. */
export class KnownNetwork {
  readonly #state: StateDir;
  readonly #clock: Clock;
  readonly #log: (text: string) => void;
  readonly #inbox = new ChainedInbox<Route>();
  #addresses: NodeAddresses | undefined;
  #cancelWrite: Cancel | undefined;
  #isFailing = false;

  /** @throws Error that names the file when it is damaged */
  constructor(state: StateDir, clock: Clock, log: (text: string) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#log = log;
    this.#addresses = read(state, addressesFile, addressesSchema);
    const { position, routes } = read(state, routesFile, routesSchema) ?? { position: undefined, routes: [] };
    this.#inbox.restore(position, routes);
  }

  /** Undefined while nobody has told. */
  addresses(): NodeAddresses | undefined {
    return this.#addresses;
  }

  position(): ChainedPosition | undefined {
    return this.#inbox.position;
  }

  routes(): ReadonlyMap<string, Route> {
    return this.#inbox.items;
  }

  /** Whether they are others than before. @throws Error when they can not be some */
  learnAddresses({ subnets, nodeRanges, serviceRanges }: Pick<NodeNetworkAnswer, 'subnets' | 'nodeRanges' | 'serviceRanges'>): boolean {
    const addresses = addressesSchema.parse({ subnets, nodeRanges, serviceRanges });
    if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return false;
    this.#state.write(addressesFile, JSON.stringify(addresses));
    this.#addresses = addresses;
    return true;
  }

  learnRoutes(message: Routes): ChainedOutcome {
    const outcome = this.#inbox.accept(chainedOf(message));
    if (outcome.kind === 'applied') this.#writeAfter(writeAfterMs);
    return outcome;
  }

  /** Writes what is not written yet, and writes no more. */
  close(): void {
    if (!this.#cancelWrite) return;
    this.#cancelWrite();
    this.#write();
    this.#cancelWrite?.();
  }

  #writeAfter(ms: number): void {
    this.#cancelWrite ??= this.#clock.after(ms, () => { this.#write(); });
  }

  /** Without it the node works on, and after a restart it asks its cluster: so a failure ends nothing, and is said once until it is over. */
  #write(): void {
    this.#cancelWrite = undefined;
    try {
      this.#state.write(routesFile, JSON.stringify({ position: this.#inbox.position, routes: [...this.#inbox.items.values()] }));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log(`routes are not kept: ${error instanceof Error ? error.message : String(error)}; free the disk`);
      this.#isFailing = true;
      this.#writeAfter(writeAgainMs);
    }
  }
}

function read<T>(state: StateDir, file: string, schema: z.ZodType<T>): T | undefined {
  const text = state.read(file);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${state.file(file)} is damaged; remove it, the node then asks its cluster again`, { cause: error });
  }
}
