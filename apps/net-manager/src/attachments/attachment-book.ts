import { nth, offsetOf, parseSubnet, pickAddress, printSubnet, usable, type NodeSubnet, type Subnet } from '@oak/addressing';
import { NetError, type AttachRequest } from '@oak/net-api';
import { bare } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';

/** Who has which address and which port of this node. Two attachments can not share either, also while they are still being made. */
export class AttachmentBook {
  readonly #entries = new Map<string, Remembered>();
  /** Addresses that were given back, oldest first: others may still know their past owner. */
  #freed: string[] = [];

  get(instanceId: string): Remembered | undefined {
    return this.#entries.get(instanceId);
  }

  all(): Remembered[] {
    return [...this.#entries.values()];
  }

  /** The kernel's memory replaces ours. Returns what we believed to exist and does not. */
  adopt(found: readonly Remembered[]): Remembered[] {
    const ids = new Set(found.map(({ instanceId }) => instanceId));
    const vanished = this.all().filter(({ instanceId }) => !ids.has(instanceId));
    for (const { instanceId } of vanished) this.release(instanceId);
    for (const one of found) this.#entries.set(one.instanceId, one);
    return vanished;
  }

  /** An address of the first subnet that has one left. @throws NetError rejected: a port or an instance IP is taken, or no address is left */
  reserve(request: AttachRequest, subnets: readonly NodeSubnet[]): Remembered {
    this.#refuseTaken(request);
    for (const subnet of subnets) {
      const entry = this.#reserveIn(request, subnet);
      if (entry) return entry;
    }
    throw new NetError('rejected', `no address is left in ${subnets.map(({ v4 }) => v4).join(', ')}: all ${subnets.reduce((sum, { v4 }) => sum + usable(rangeFor(v4)), 0)} are in use`);
  }

  /** Whether the next one would be refused. */
  isFull(subnets: readonly NodeSubnet[]): boolean {
    return subnets.every(({ v4 }) => { const range = rangeFor(v4); return this.#offsets(range, this.#addresses()).size >= usable(range); });
  }

  #reserveIn(request: AttachRequest, subnet: NodeSubnet): Remembered | undefined {
    const [v4, v6] = [rangeFor(subnet.v4), rangeFor(subnet.v6)];
    const picked = pickAddress(v4, this.#offsets(v4, this.#addresses()), [...this.#offsets(v4, this.#freed)]);
    if (!picked.ok) return undefined;
    const entry = { ...request, ipv4: `${picked.address}/${v4.prefix}`, ipv6: `${addressAt(v6, picked.offset)}/${v6.prefix}` };
    this.#entries.set(entry.instanceId, entry);
    return entry;
  }

  release(instanceId: string): void {
    const entry = this.#entries.get(instanceId);
    this.#entries.delete(instanceId);
    if (entry) this.#freed = [...this.#freed.filter((address) => address !== bare(entry.ipv4)), bare(entry.ipv4)].slice(-64);
  }

  #refuseTaken({ ports, network }: AttachRequest): void {
    for (const { hostPort, protocol } of ports) {
      const owner = this.all().find((entry) => entry.ports.some((port) => port.hostPort === hostPort && port.protocol === protocol));
      if (owner) throw new NetError('rejected', `port ${hostPort}/${protocol} is taken by ${owner.name}`);
    }
    const twin = network && this.all().find((entry) => entry.network?.ipv4 === network.ipv4 || entry.network?.ipv6 === network.ipv6);
    if (twin) throw new NetError('rejected', `instance IP ${network.ipv4} or ${network.ipv6} is that of ${twin.name}`);
  }

  #addresses(): string[] {
    return this.all().map(({ ipv4 }) => bare(ipv4));
  }

  #offsets(range: Subnet, addresses: readonly string[]): Set<number> {
    return new Set(addresses.map((address) => offsetOf(range, address)).filter((offset) => offset !== undefined));
  }
}

function rangeFor(text: string): Subnet {
  const range = parseSubnet(text);
  if (!range) throw new NetError('bug', `the node's subnet ${text} is no subnet`);
  return range;
}

function addressAt(range: Subnet, offset: number): string {
  const address = nth(range, offset);
  if (address === undefined) throw new NetError('bug', `${printSubnet(range)} has no address number ${offset}; the IPv6 range must be at least as large as the IPv4 one`);
  return address;
}
