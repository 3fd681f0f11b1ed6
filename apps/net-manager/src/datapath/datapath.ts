import { existsSync } from 'node:fs';
import type { ItemChange, Items } from '../overlay/claims.ts';
import type { InstanceCounter } from '@oak/net-api';
import { connectionsOf, readTraffic } from '../insight/read-counters.ts';
import { innerLines, innerShell, outerLines, removeLines } from './attach-script.ts';
import { batched } from './batched.ts';
import { forgetLines, parseFlows, severLines } from './flows.ts';
import { itemScripts } from './item-script.ts';
import { itemText } from './item-text.ts';
import { isNft, item } from './items.ts';
import type { Desired, Kernel } from './kernel.ts';
import { netnsPath, routeProtocol, tunnels } from './names.ts';
import { plan, type Change } from './plan.ts';
import { itemSteps } from '../netlink/item-steps.ts';
import type { Nftables } from '../netlink/nftables.ts';
import { readCounters, readTable } from '../netlink/read-table.ts';
import { readEndpoints, readLinks, readNeighbours, readRoutes, readRules } from './read-kernel.ts';
import type { Remembered } from './remembered.ts';
import { render, type Rendered } from './render.ts';
import type { Run } from './run.ts';
import { enableForwarding, hasFlows, tameBridge, tameTunnel } from './sysctls.ts';
import { batch, batchRemove, conntrack, inNetns, json, nft, trackedFlows } from './tools.ts';

/** What does not change while the process runs. */
export interface DatapathOptions {
  readonly bridge: string;
  readonly tunnelPort: number;
  readonly mtu: number;
  readonly encrypted: boolean;
}

/** Acts on the kernel of the network namespace that this process runs in. Decides nothing. */
export class Datapath {
  readonly options: DatapathOptions;
  readonly #run: Run;
  readonly #nftables: Nftables;

  constructor(options: DatapathOptions, run: Run, nftables: Nftables) {
    this.options = options;
    this.#run = run;
    this.#nftables = nftables;
  }

  /** What the kernel has of ours. A failed read throws; it is never "nothing there". */
  async read(): Promise<Kernel> {
    const { bridge, tunnelPort } = this.options;
    const links = readLinks(await json(this.#run, 'ip', ['-j', '-d', 'address', 'show']), bridge);
    const [ways, near] = await Promise.all([this.#readWays(), this.#readNear(links.bridge ? [bridge] : [], [...links.tunnels.keys()], tunnelPort)]);
    const [inet, guard] = [readTable(this.#nftables, 'inet'), readTable(this.#nftables, 'bridge')];
    return {
      ...links,
      tables: { inet: inet?.table, bridge: guard?.table },
      guards: ways.guards,
      items: merged([inet?.items, guard?.items, ways.items, near, addressesOf(links.tunnels)]),
    };
  }

  /** Routes and the rules for them. */
  async #readWays(): Promise<{ readonly guards: Set<4 | 6>; readonly items: Items }> {
    const found = await Promise.all(([4, 6] as const).map(async (family) => {
      const [routes, rules] = await Promise.all([['route', 'show', 'table', 'all', 'proto', String(routeProtocol)], ['rule', 'show']].map((args) => this.#orNothing('ip', [`-${family}`, '-j', ...args])));
      return { family, routes: readRoutes(routes, family), rules: readRules(rules, family) };
    }));
    return { guards: new Set(found.flatMap(({ family, rules }) => (rules.guarded ? [family] : []))), items: new Map(found.flatMap(({ routes, rules }) => [...routes, ...rules.items])) };
  }

  async #readNear(bridges: readonly string[], tunnelLinks: readonly string[], port: number): Promise<Items> {
    const found = await Promise.all([
      ...[...bridges, ...tunnelLinks].map(async (link) => readNeighbours(await this.#orNothing('ip', ['-j', 'neighbour', 'show', 'dev', link, 'nud', 'permanent']), link)),
      ...tunnelLinks.map(async (link) => readEndpoints(await this.#orNothing('bridge', ['-j', 'fdb', 'show', 'dev', link]), link, port)),
    ]);
    return new Map(found.flatMap((items) => [...items]));
  }

  /** Takes the steps from `kernel` to `desired` and tells which they were. */
  async converge(desired: Desired, kernel: Kernel): Promise<readonly Change[]> {
    const changes = plan(desired, kernel);
    enableForwarding();
    // A table that is replaced shall not be empty for a moment.
    const isReplaced = changes.some((change) => change.kind === 'make-table' && kernel.tables[change.family] !== undefined);
    await this.#take(render(changes, desired), isReplaced, () => {
      tameBridge(desired.bridge);
      if (desired.tunnelMac !== undefined) for (const tunnel of Object.values(tunnels)) tameTunnel(tunnel);
    });
    return changes;
  }

  /** Takes steps of which it is known what the kernel has. @throws ToolError: some may be taken, compare everything anew */
  async change(changes: readonly ItemChange[]): Promise<void> {
    if (changes.length > 0) await this.#take({ ...itemScripts(changes), tables: [], items: changes.filter(({ id }) => isNft(id)) }, false);
  }

  /** Makes the link and the namespace. Leaves nothing when it throws. */
  async make(instance: Remembered): Promise<void> {
    // Left by a predecessor that died before it could say whose it was.
    if (existsSync(netnsPath(instance.instanceId))) await this.remove(instance.instanceId);
    try {
      await batch(this.#run, 'ip', outerLines(instance, this.options.bridge, this.options.mtu));
      await this.restore(instance);
    } catch (error) {
      await all([this.remove(instance.instanceId)], [error]);
    }
  }

  /** Addresses and routes in the instance's namespace: runsc takes them away when it starts. */
  async restore(instance: Remembered): Promise<void> {
    await inNetns(this.#run, netnsPath(instance.instanceId), innerShell, innerLines(instance));
  }

  /** Link and namespace, whatever of them exists. */
  readonly remove = batched<string>(async (instanceIds) => { await batchRemove(this.#run, 'ip', removeLines(instanceIds)); });

  /** Ends the flows of these callers to these, and no others. @throws ToolError */
  async sever(callers: readonly string[], answering: readonly string[]): Promise<void> {
    if (callers.length === 0 || answering.length === 0 || !hasFlows()) return;
    const lines = severLines(parseFlows(await trackedFlows(this.#run)), new Set(callers), new Set(answering));
    if (lines.length > 0) await conntrack(this.#run, lines);
  }

  /** The next owner of the addresses must not inherit flows: a sender of UDP would never notice the change. */
  readonly forget = batched<readonly string[]>(async (items) => {
    const addresses = new Set(items.flat());
    if (addresses.size === 0 || !hasFlows()) return;
    const lines = forgetLines(parseFlows(await trackedFlows(this.#run)), addresses);
    if (lines.length > 0) await conntrack(this.#run, lines);
  });

  /** What passed: connections by service id, and packets of these instances. */
  async counters(instanceIds: readonly string[]): Promise<{ readonly connections: ReadonlyMap<string, number>; readonly instances: InstanceCounter[] }> {
    const links = await this.#orNothing('ip', ['-j', '-s', 'link', 'show', 'type', 'veth']);
    return { connections: connectionsOf(readCounters(this.#nftables)), instances: readTraffic(links, instanceIds) };
  }

  /** First goes what others need no more, then come the ways, then the rules that send packets there. */
  async #take(scripts: Rendered, inOne: boolean, between?: () => void): Promise<void> {
    await Promise.all([batchRemove(this.#run, 'ip', scripts.ipGone), batchRemove(this.#run, 'ip -6', scripts.ip6Gone), batchRemove(this.#run, 'bridge', scripts.bridgeGone)]);
    await batch(this.#run, 'ip', scripts.ip);
    between?.();
    await Promise.all([batch(this.#run, 'ip -6', scripts.ip6), batch(this.#run, 'bridge', scripts.bridge), this.#takeRules(scripts, inOne)]);
  }

  async #takeRules({ tables, items }: Rendered, inOne: boolean): Promise<void> {
    const fresh = inOne ? items.filter(({ from }) => from === undefined) : [];
    await nft(this.#run, [...tables, ...itemText(fresh)]);
    // Of a table that stays something may go, too.
    this.#nftables.change(itemSteps(inOne ? items.filter(({ from }) => from !== undefined) : items));
  }

  /** iproute2 says that a table which holds no route does not exist, and prints nothing for an empty list. */
  async #orNothing(program: string, args: readonly string[]): Promise<unknown> {
    return (await json(this.#run, program, args)) ?? [];
  }
}

function merged(parts: readonly (Items | undefined)[]): Items {
  const all = new Map<string, string>();
  for (const part of parts) for (const [id, value] of part ?? []) all.set(id, value);
  return all;
}

function addressesOf(links: Kernel['tunnels']): Items {
  return new Map([...links].flatMap(([link, { addresses }]) => addresses.map((address) => [item.address(link, address), ''])));
}

/** Waits for every step, also after one failed, so that nothing happens behind the back of an undo. Throws all that went wrong, `before` included, as one. */
export async function all(steps: readonly Promise<unknown>[], before: readonly unknown[] = []): Promise<void> {
  const settled = await Promise.allSettled(steps);
  const faults = [...before, ...settled.flatMap((step) => (step.status === 'rejected' ? [step.reason as unknown] : []))];
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw new Error(faults.map((fault) => (fault instanceof Error ? fault.message : String(fault))).join('; then '), { cause: faults[0] });
}
