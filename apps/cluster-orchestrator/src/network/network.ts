import { defaultNodePlan, defaultServicePlan, nodeBlock, nodeBlockCount, nodeRangesOf, serviceRangesOf } from '@oak/addressing';
import { clusterNetwork, overlayRangesSchema, type NodeNetworkAnswer, type NodeNetworkQuestion, type OverlayRanges, type PlacedReport, type Routes as RoutesMessage } from '@oak/contracts';
import type { Bus } from '@oak/messaging';
import type { Store } from '@oak/store';
import { z } from 'zod';
import type { InstanceRecord } from '../instances/instance-record.ts';
import { blocksCollection, NodeSubnets, subnetsCollection } from './node-subnets.ts';
import { Routes, routesCollection, type RoutesOptions } from './routes.ts';
import { Tunnels, tunnelsCollection } from './tunnels.ts';

const rangesSchema = z.object({ nodes: overlayRangesSchema, services: overlayRangesSchema });
/** What root said last; kept over restarts. */
export interface KnownRanges { load: () => unknown; save: (ranges: z.infer<typeof rangesSchema>) => void }

export interface NetworkOptions extends Pick<RoutesOptions, 'cluster' | 'epoch' | 'position'> {
  readonly bus: Bus;
  readonly store: Store;
  readonly hasRoot: boolean;
  readonly ranges: KnownRanges;
  /** Address with which a node registered. */
  readonly addressOf: (node: string) => string | undefined;
  readonly isGone: (node: string) => boolean;
  /** Root shall hear of these instances again: their node's tunnel changed. */
  readonly tellAgain: (node: string) => void;
  readonly log: (text: string) => void;
}

/** The overlay as this cluster runs it: who has which ranges, where tunnels end, and what each node must know. */
export class Network {
  readonly subnets: NodeSubnets;
  readonly tunnels: Tunnels;
  readonly routes: Routes;
  readonly #options: NetworkOptions;
  #ranges: { nodes: OverlayRanges; services: OverlayRanges };
  #asking: Promise<void> | undefined;

  constructor(options: NetworkOptions) {
    const { store, isGone, addressOf } = options;
    this.#options = options;
    const known = rangesSchema.safeParse(options.ranges.load());
    this.#ranges = known.success ? known.data : { nodes: nodeRangesOf(defaultNodePlan), services: serviceRangesOf(defaultServicePlan) };
    // Alone, all ranges are this cluster's own.
    const alone = options.hasRoot ? undefined : Array.from({ length: nodeBlockCount() }, (_, at) => nodeBlock(at)).filter((block) => block !== undefined);
    this.subnets = new NodeSubnets({ subnets: store.collection(subnetsCollection), blocks: store.collection(blocksCollection), isGone, alone });
    this.tunnels = new Tunnels(store.collection(tunnelsCollection));
    this.routes = new Routes({
      ...options, remote: store.collection(routesCollection), defer: (flush) => void setImmediate(flush),
      tunnelOf: (node) => this.tunnels.tunnelOf(node, addressOf(node)),
    });
  }

  async load(instances: readonly InstanceRecord[]): Promise<void> {
    await this.tunnels.load();
    await this.routes.load(instances);
  }

  /** Asks root for ranges, and for its routes if we do not stand at the newest. Who asks meanwhile shares the answer. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => { this.#asking = undefined; });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { bus, cluster, ranges, log } = this.#options;
    const { position } = this.routes;
    const answer = await bus.request(clusterNetwork, { blocks: Math.max(1, await this.subnets.wanted()), ...(position && { position }) }, 5_000, cluster);
    await this.subnets.learn(answer.blocks);
    const next = { nodes: answer.nodeRanges, services: answer.serviceRanges };
    if (JSON.stringify(next) !== JSON.stringify(this.#ranges)) { this.#ranges = next; ranges.save(next); log(`ranges of this installation: nodes ${next.nodes.v4.join(', ')}, services ${next.services.v4.join(', ')}`); }
    // A gap would ask again: the next period does.
    if (answer.routes) await this.routes.accept(answer.routes);
  }

  /** Root told something; a gap is filled by asking. */
  async accept(routes: RoutesMessage): Promise<void> {
    if (!await this.routes.accept(routes)) await this.ask();
  }

  /** A node's net-manager introduces itself. The answer's routes are the first page; `rest` follows on the node's own subject. */
  async answer(node: string, question: NodeNetworkQuestion): Promise<{ answer: NodeNetworkAnswer; rest: RoutesMessage[] }> {
    const full = question.full === true;
    if (full || (await this.subnets.known(node)).length === 0) await this.#provide();
    const subnets = await this.subnets.of(node, full);
    if (await this.tunnels.learn(node, question, subnets)) this.tunnelChanged(node);
    const answer = { subnets, nodeRanges: this.#ranges.nodes, serviceRanges: this.#ranges.services };
    if (!this.routes.differs(node, question.position)) return { answer, rest: [] };
    const [routes, ...rest] = this.routes.complete(node);
    return { answer: { ...answer, routes }, rest };
  }

  /** Before one more subnet is given: root is asked while some are left, and waited for when none is. */
  async #provide(): Promise<void> {
    const { hasRoot, log } = this.#options;
    if (!hasRoot || await this.subnets.wanted() <= await this.subnets.blocks()) return;
    const asked = this.ask().catch((error: unknown) => { log(`root can not be asked for more ranges: ${String(error)}`); });
    if (await this.subnets.left() === 0) await asked;
  }

  tunnelChanged(node: string): void {
    this.routes.tunnelChanged(node);
    this.#options.tellAgain(node);
  }

  /** What root hears: with it, where packets for this instance go. */
  report(report: PlacedReport): PlacedReport {
    const tunnel = report.node === undefined ? undefined : this.tunnels.tunnelOf(report.node, this.#options.addressOf(report.node));
    return tunnel ? { ...report, tunnel } : report;
  }
}
