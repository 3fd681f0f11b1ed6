import type { Route } from '@oak/contracts';
import { batched } from '../datapath/batched.ts';
import type { Datapath } from '../datapath/datapath.ts';
import type { DistanceTo } from '../distance/distances.ts';
import type { Encryption } from '../encryption/encryption.ts';
import type { Abilities, Kernel } from '../datapath/kernel.ts';
import { tunnelMac } from '../datapath/names.ts';
import type { Change } from '../datapath/plan.ts';
import type { Remembered } from '../datapath/remembered.ts';
import type { Place } from './nearest.ts';
import { Overlay, type NodeAddresses } from './overlay.ts';

export interface AppliedOverlayOptions {
  readonly datapath: Datapath;
  readonly can: Abilities;
  readonly place: Place | undefined;
  readonly encryption?: Encryption | undefined;
  readonly distanceTo: DistanceTo;
  /** The kernel refused a step, so nobody knows what it has: `converge` shall come soon. */
  readonly onDoubt: () => void;
}

/** The overlay's meaning for this node, and the kernel brought to it step by step. */
export class AppliedOverlay {
  readonly overlay: Overlay;
  readonly #options: AppliedOverlayOptions;
  #subnets: NodeAddresses['subnets'] = [];
  /** Until the kernel was compared, steps would start from what nobody knows. */
  #doubt = true;
  #adopted = false;

  constructor(options: AppliedOverlayOptions) {
    this.#options = options;
    this.overlay = new Overlay({ bridge: options.datapath.options.bridge, place: options.place, can: options.can, encryption: options.encryption, distanceTo: options.distanceTo });
  }

  /** Whether it knows the kernel and all routes of before. */
  get adopted(): boolean {
    return this.#adopted;
  }

  setAddresses(addresses: NodeAddresses): void {
    this.#subnets = addresses.subnets;
    this.overlay.setAddresses(addresses);
  }

  /** All that changed since the last time, as one step. Many callers, few steps. @throws Error when the kernel refused, or is being compared */
  apply(): Promise<void> {
    return this.#apply(undefined);
  }

  readonly #apply = batched<undefined>(async () => {
    if (this.#doubt) throw new Error('the rules in the kernel are being compared with what they shall be');
    try {
      await this.#options.datapath.change(this.overlay.claims.take());
    } catch (error) {
      this.#doubt = true;
      this.#options.onDoubt();
      throw error;
    }
  });

  /** Compares everything. `attachments`: all links that exist and are finished. `routes`: all, of use the first time. Nothing else may change the kernel meanwhile. */
  async converge(kernel: Kernel, attachments: readonly Remembered[], routes: Iterable<Route>): Promise<readonly Change[]> {
    this.#doubt = true;
    this.overlay.setAttached(attachments);
    this.#adopt(kernel, routes);
    this.overlay.claims.take();
    const { datapath, can, place } = this.#options;
    const changes = await datapath.converge({
      ...datapath.options, can, attachments, items: new Map(this.overlay.claims.all()),
      ranges: this.#subnets.flatMap(({ v4, v6 }) => [v4, v6]),
      tunnelMac: place && can.tunnels ? tunnelMac(place.cluster, place.node) : undefined,
    }, kernel);
    this.#doubt = false;
    return changes;
  }

  /** Ranges of slots stay with the chains that have them. */
  #adopt(kernel: Kernel, routes: Iterable<Route>): void {
    if (this.#adopted) return;
    this.#adopted = true;
    this.overlay.adopt(kernel.items);
    for (const route of routes) this.overlay.setRoute(route.id, route);
  }
}
