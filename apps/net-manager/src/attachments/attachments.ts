import type { NodeSubnet } from '@oak/addressing';
import { NetError, type Attachment, type AttachRequest, type PortMapping } from '@oak/net-api';
import type { Datapath } from '../datapath/datapath.ts';
import { firstInUse } from '../datapath/host-ports.ts';
import type { Desired, Kernel } from '../datapath/kernel.ts';
import { macOf, netnsPath } from '../datapath/names.ts';
import type { Change } from '../datapath/plan.ts';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { Absent } from '../datapath/tools.ts';
import { AttachmentBook } from './attachment-book.ts';
import { Gate } from './gate.ts';
import { Lanes } from './lanes.ts';
import { readResolver } from './resolver.ts';

export interface AttachmentsOptions {
  readonly datapath: Datapath;
  /** Undefined while nobody has told. */
  readonly subnet: () => NodeSubnet | undefined;
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
      const known = this.#book.get(request.instanceId);
      return describe(known ? await this.#again(request, known) : await this.#make(request));
    });
  }

  /** @throws NetError temporary: something may be left, detach again */
  detach(instanceId: string): Promise<void> {
    return this.#exclusively(instanceId, async () => {
      await this.#options.datapath.remove(instanceId, this.#book.get(instanceId)).catch(temporary(`detach ${instanceId}`));
      this.#book.release(instanceId);
    });
  }

  list(): readonly Attachment[] {
    return this.#book.all().map(describe);
  }

  /** Believes the kernel about what exists, then repairs everything around it. Returns what it had to change. */
  converge(): Promise<readonly Change[]> {
    const { datapath, log } = this.#options;
    return this.#gate.alone(async () => {
      const kernel = await datapath.read();
      for (const { name, instanceId } of this.#book.adopt(remembered(kernel))) log(`the network of ${name} (${instanceId}) was removed by somebody else`);
      return datapath.converge(this.#desired(), kernel);
    });
  }

  #exclusively<T>(instanceId: string, run: () => Promise<T>): Promise<T> {
    return this.#lanes.run(instanceId, () => this.#gate.shared(run));
  }

  async #make(request: AttachRequest): Promise<Remembered> {
    const subnet = this.#options.subnet();
    if (!subnet) throw new NetError('temporary', 'this node has no subnet yet: it waits for its cluster');
    const reserved = this.#book.reserve(request, subnet);
    try {
      refuseForeign(request.ports);
      await this.#options.datapath.make(reserved).catch(temporary(`attach ${request.name}`));
    } catch (error) {
      this.#book.release(request.instanceId);
      throw error;
    }
    return reserved;
  }

  async #again({ name, ports }: AttachRequest, known: Remembered): Promise<Remembered> {
    if (!samePorts(ports, known.ports)) throw new NetError('rejected', `${name} is attached with other ports; detach it first`);
    await this.#options.datapath.restore(known).catch(async (error: unknown) => {
      if (!(error instanceof Absent)) throw error;
      await this.#options.datapath.remove(known.instanceId, known);
      await this.#options.datapath.make(known);
    }).catch(temporary(`attach ${name}`));
    return known;
  }

  #desired(): Desired {
    const subnet = this.#options.subnet();
    return { bridge: this.#options.datapath.bridge, ranges: subnet ? [subnet.v4, subnet.v6] : [], attachments: this.#book.all() };
  }
}

function remembered({ links }: Kernel): Remembered[] {
  return links.flatMap((link) => (link.remembered ? [link.remembered] : []));
}

function describe({ instanceId, name, ipv4, ipv6, ports }: Remembered): Attachment {
  return {
    instanceId, name, ports, netnsPath: netnsPath(instanceId), mac: macOf(bare(ipv4)),
    ipv4: bare(ipv4), ipv6: bare(ipv6), gatewayIpv4: bare(rangeOf(ipv4).gateway), gatewayIpv6: bare(rangeOf(ipv6).gateway),
    ...readResolver(),
  };
}

function refuseForeign(ports: readonly PortMapping[]): void {
  const taken = ports.length > 0 ? firstInUse(ports) : undefined;
  if (taken) throw new NetError('rejected', `port ${taken.hostPort}/${taken.protocol} is taken by a process of this node`);
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
