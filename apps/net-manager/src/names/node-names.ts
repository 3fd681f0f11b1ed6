import type { NodeSubnet } from '@oak/addressing';
import type { Route } from '@oak/contracts';
import type { Clock } from '@oak/reconcile';
import { bare, rangeOf } from '../datapath/range.ts';
import type { Remembered } from '../datapath/remembered.ts';
import { callerOf } from './caller-of.ts';
import { forInstances, machineResolver, type Resolver } from './machine-resolver.ts';
import { NameServer, type NameCounts } from './name-server.ts';
import type { Caller } from './service-names.ts';
import { searchDomainsOf } from './zone.ts';

export interface NodeNamesOptions {
  /** This node's own ranges: the bridge has the first address of each. */
  readonly subnets: () => readonly NodeSubnet[];
  readonly attached: () => readonly Remembered[];
  readonly routes: () => Iterable<Route>;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}

/** Names for the instances of this node: a server on the bridge's addresses, and what each instance's resolv.conf says. */
export class NodeNames {
  readonly #options: NodeNamesOptions;
  readonly #server: NameServer;
  #problem: string | undefined;

  constructor(options: NodeNamesOptions) {
    this.#options = options;
    this.#server = new NameServer({
      addresses: () => options.subnets().flatMap(gateways), caller: (ip) => this.#callerAt(ip), upstreams: () => machineResolver().nameservers, clock: options.clock, log: options.log,
      routes: () => [...options.routes()].filter((route) => route.kind === 'service'),
    });
  }

  /** Listens on the addresses that the bridge has by now. What can not be had is told by `problem`. */
  async refresh(): Promise<void> {
    try {
      await this.#server.refresh();
      this.#problem = undefined;
    } catch (error) {
      const faults = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
      const problem = `names of services can not be asked for everywhere: ${faults.join('; ')}`;
      if (problem !== this.#problem) this.#options.log(problem);
      this.#problem = problem;
    }
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** An instance of the overlay asks this node; others, and those of a node that can not answer, ask the machine's own servers. */
  resolverOf(instance: Remembered): Resolver {
    const machine = forInstances(machineResolver());
    const served = new Set(this.#server.bound().map(({ address }) => address));
    const ours = [instance.ipv4, instance.ipv6].map((address) => bare(rangeOf(address).gateway)).filter((address) => served.has(address));
    const caller = callerOf(instance);
    if (!caller || ours.length === 0) return machine;
    return { nameservers: ours, searchDomains: [...searchDomainsOf(caller.application, caller.namespace), ...machine.searchDomains].slice(0, 6) };
  }

  counts(): NameCounts {
    return this.#server.counts();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  #callerAt(ip: string): Caller | undefined {
    const instance = this.#options.attached().find(({ ipv4, ipv6 }) => bare(ipv4) === ip || bare(ipv6) === ip);
    return instance && callerOf(instance);
  }
}

function gateways({ v4, v6 }: NodeSubnet): string[] {
  return [v4, v6].map((range) => bare(rangeOf(range).gateway));
}
