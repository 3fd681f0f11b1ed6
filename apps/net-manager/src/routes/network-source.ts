import type { NodeSubnet } from '@oak/addressing';
import { nodeNetwork, nodeRoutes, nodeTrace, type NodeNetworkAnswer, type NodeNetworkQuestion, type Routes, type Trace, type TraceQuestion } from '@oak/contracts';
import type { Bus, Stop } from '@oak/messaging';

/** Who knows which addresses are this node's own, and whom its instances may call. */
export interface NetworkSource {
  ask(question: NodeNetworkQuestion): Promise<NodeNetworkAnswer>;
  /** Routes that come unasked, until it is stopped. */
  hear(listener: (routes: Routes) => void): Stop;
  /** Who explains a connection when somebody asks, until it is stopped. */
  explain(explainer: (question: TraceQuestion) => Trace): Stop;
}

const nothing: Stop = () => Promise.resolve();

/** A node alone: its operator says it, and it has no services. */
export function staticSource({ v4, v6 }: NodeSubnet): NetworkSource {
  const answer: NodeNetworkAnswer = { subnets: [{ v4, v6 }], nodeRanges: { v4: [v4], v6: [v6] }, serviceRanges: { v4: [], v6: [] } };
  return { ask: () => Promise.resolve(answer), hear: () => nothing, explain: () => nothing };
}

const timeoutMs = 5000;

export function clusterSource(bus: Bus, cluster: string, node: string): NetworkSource {
  return {
    ask: (question) => bus.request(nodeNetwork, question, timeoutMs, cluster, node),
    hear: (listener) => bus.subscribe(nodeRoutes, [cluster, node], listener),
    explain: (explainer) => bus.serve(nodeTrace, [cluster, node], explainer),
  };
}
