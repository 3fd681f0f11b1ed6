import { parseAddress, printAddress, type NodeSubnet } from '@oak/addressing';
import type { Route } from '@oak/contracts';
import { NetError, type Attachment, type AttachRequest, type InstanceNetwork, type PortMapping } from '@oak/net-api';
import { all, type Datapath } from '../datapath/datapath.ts';
import { firstInUse } from '../datapath/host-ports.ts';
import type { Kernel } from '../datapath/kernel.ts';
import { macOf, netnsPath } from '../datapath/names.ts';
import type { Change } from '../datapath/plan.ts';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { Absent } from '../datapath/tools.ts';
import type { AppliedOverlay } from '../overlay/applied-overlay.ts';
import type { Resolver } from '../names/machine-resolver.ts';
import { AttachmentBook } from './attachment-book.ts';
import { Gate } from './gate.ts';
import { Lanes } from './lanes.ts';

export interface AttachmentsOptions {
  readonly datapath: Datapath;
  readonly applied: AppliedOverlay;
  /** This node's own, oldest first; empty while nobody has told. */
  readonly subnets: () => readonly NodeSubnet[];
  /** All routes that are known. */
  readonly routes: () => Iterable<Route>;
  /** Whom an instance asks for names. */
  readonly resolverOf: (instance: Remembered) => Resolver;
  /** No address is left. */
  readonly onFull: () => void;
  readonly log: (text: string) => void;
}

/** The networks of this node's instances: promises addresses and ports, and lets the datapath keep the promise. */
export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #book = new AttachmentBook();
  /** A convergence compares the whole kernel with the whole book: nothing may be half made meanwhile. */
  readonly #gate = new Gate();
  readonly #lanes = new Lanes();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** @throws NetError temporary or rejected; nothing is left behind then */
  attach(request: AttachRequest): Promise<Attachment> {
    return this.#exclusively(request.instanceId, async () => {
      const wanted = canonical(request);
      const known = this.#book.get(request.instanceId);
      return this.#describe(known ? await this.#again(wanted, known) : await this.#make(wanted));
    });
  }

  /** @throws NetError temporary: something may be left, detach again */
  detach(instanceId: string): Promise<void> {
    return this.#exclusively(instanceId, async () => {
      await this.#remove(instanceId).catch(temporary(`detach ${instanceId}`));
      this.#book.release(instanceId);
    });
  }

  list(): readonly Attachment[] {
    return this.#book.all().map((one) => this.#describe(one));
  }

  attached(): readonly Remembered[] {
    return this.#book.all();
  }

  isFull(): boolean {
    const subnets = this.#options.subnets();
    return subnets.length > 0 && this.#book.isFull(subnets);
  }

  /** Believes the kernel about what exists, then repairs everything around it. Returns what it had to change. */
  converge(): Promise<readonly Change[]> {
    const { datapath, applied, routes, log } = this.#options;
    return this.#gate.alone(async () => {
      const kernel = await datapath.read();
      for (const { name, instanceId } of this.#book.adopt(remembered(kernel))) log(`the network of ${name} (${instanceId}) was removed by somebody else`);
      return applied.converge(kernel, this.#book.all(), routes());
    });
  }

  /** Brings the kernel what changed in the overlay. @throws Error */
  apply(): Promise<void> {
    return this.#gate.shared(() => this.#options.applied.apply());
  }

  #describe(instance: Remembered): Attachment {
    const { instanceId, name, ipv4, ipv6, ports, network } = instance;
    return {
      instanceId, name, ports, ...(network && { network }), netnsPath: netnsPath(instanceId), mac: macOf(bare(ipv4)),
      ipv4: bare(ipv4), ipv6: bare(ipv6), gatewayIpv4: bare(rangeOf(ipv4).gateway), gatewayIpv6: bare(rangeOf(ipv6).gateway),
      ...this.#options.resolverOf(instance),
    };
  }

  #exclusively<T>(instanceId: string, run: () => Promise<T>): Promise<T> {
    return this.#lanes.run(instanceId, () => this.#gate.shared(run));
  }

  async #make(request: AttachRequest): Promise<Remembered> {
    const subnets = this.#options.subnets();
    if (subnets.length === 0) throw new NetError('temporary', 'this node has no subnet yet: it waits for its cluster');
    const reserved = this.#reserve(request, subnets);
    try {
      refuseForeign(request.ports);
      await this.#build(reserved).catch(temporary(`attach ${request.name}`));
    } catch (error) {
      this.#book.release(request.instanceId);
      throw error;
    }
    return reserved;
  }

  #reserve(request: AttachRequest, subnets: readonly NodeSubnet[]): Remembered {
    try {
      return this.#book.reserve(request, subnets);
    } finally {
      if (this.#book.isFull(subnets)) this.#options.onFull();
    }
  }

  async #again({ name, ports, network }: AttachRequest, known: Remembered): Promise<Remembered> {
    if (!samePorts(ports, known.ports)) throw new NetError('rejected', `${name} is attached with other ports; detach it first`);
    if (!sameNetwork(network, known.network)) throw new NetError('rejected', `${name} is attached with other instance IPs or for another application; detach it first`);
    await this.#options.datapath.restore(known).catch(async (error: unknown) => {
      if (!(error instanceof Absent)) throw error;
      await this.#remove(known.instanceId);
      await this.#build(known);
    }).catch(temporary(`attach ${name}`));
    return known;
  }

  /** Leaves nothing when it throws. */
  async #build(instance: Remembered): Promise<void> {
    const { datapath, applied } = this.#options;
    applied.overlay.attach(instance);
    try {
      await all([datapath.make(instance), applied.apply()]);
    } catch (error) {
      await all([this.#remove(instance.instanceId)], [error]);
    }
  }

  /** All that is of this instance, whatever of it exists. Its rules go first, so that nobody is sent to it any more. */
  async #remove(instanceId: string): Promise<void> {
    const { datapath, applied } = this.#options;
    // The overlay forgets it at the first try, the book only when all is done.
    const known = this.#book.get(instanceId);
    applied.overlay.detach(instanceId);
    const unruled = applied.apply();
    await all([unruled, unruled.catch(() => undefined).then(async () => {
      await datapath.remove(instanceId);
      if (known) await datapath.forget([bare(known.ipv4), bare(known.ipv6)]);
    })]);
  }
}

function remembered({ links }: Kernel): Remembered[] {
  return links.flatMap((link) => (link.remembered ? [link.remembered] : []));
}

function refuseForeign(ports: readonly PortMapping[]): void {
  const taken = ports.length > 0 ? firstInUse(ports) : undefined;
  if (taken) throw new NetError('rejected', `port ${taken.hostPort}/${taken.protocol} is taken by a process of this node`);
}

/** Instance IPs as the kernel prints them. */
function canonical({ network, ...request }: AttachRequest): AttachRequest {
  return network ? { ...request, network: { ...network, ipv4: printed('network.ipv4', network.ipv4), ipv6: printed('network.ipv6', network.ipv6) } } : request;
}

function printed(field: string, text: string): string {
  const address = parseAddress(text);
  if (!address) throw new NetError('invalid', `${field} ${JSON.stringify(text)} must be an address without zone or embedded IPv4`);
  return printAddress(address);
}

function sameNetwork(a: InstanceNetwork | undefined, b: InstanceNetwork | undefined): boolean {
  const text = (network: InstanceNetwork | undefined) => JSON.stringify(network && [network.applicationId, network.organisation, network.ipv4, network.ipv6]);
  return text(a) === text(b);
}

function samePorts(a: readonly PortMapping[], b: readonly PortMapping[]): boolean {
  const text = (ports: readonly PortMapping[]) => ports.map(({ hostPort, targetPort, protocol }) => `${hostPort}:${targetPort}/${protocol}`).toSorted().join(';');
  return text(a) === text(b);
}

function temporary(what: string): (error: unknown) => never {
  return (error) => {
    throw new NetError('temporary', `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  };
}
