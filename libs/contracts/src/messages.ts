import type { z } from 'zod';
import {
  clusterAssignment, clusterCordon, clusterExplain, clusterHandBack, clusterHeartbeat, clusterNodes, clusterRegister, clusterReport, clusterResync, clusterSummary,
} from './cluster.ts';
import { clusterLogs, nodeLogs } from './logs.ts';
import { clusterNetwork, clusterRoutes, clusterTrace, nodeNetwork, nodeRoutes, nodeTrace } from './network.ts';
import { nodeAssignment, nodeFingerprint, nodeHeartbeat, nodeRegister, nodeReport, nodeResync } from './node.ts';

export type Party = 'root' | 'cluster' | 'node';
export interface Message {
  readonly name: string;
  readonly from: Party;
  readonly to: Party;
  readonly summary: string;
  /** Each `*` of the subject is a name: of the cluster, then of the node. */
  readonly definition: { readonly subject: string; readonly payload: z.ZodType; readonly reply?: z.ZodType };
}

/** Every message on the bus, by who says it to whom. */
export const messages: readonly Message[] = [
  { name: 'nodeRegister', from: 'node', to: 'cluster', summary: 'Who I am; the reply is all that I shall run', definition: nodeRegister },
  { name: 'nodeFingerprint', from: 'node', to: 'cluster', summary: 'A runtime came, went or changed its health', definition: nodeFingerprint },
  { name: 'nodeHeartbeat', from: 'node', to: 'cluster', summary: 'I am alive and stand at this assignment', definition: nodeHeartbeat },
  { name: 'nodeReport', from: 'node', to: 'cluster', summary: 'Instances changed, or all that I have', definition: nodeReport },
  { name: 'nodeNetwork', from: 'node', to: 'cluster', summary: 'Which subnets and routes are mine', definition: nodeNetwork },
  { name: 'nodeRoutes', from: 'cluster', to: 'node', summary: 'Routes changed', definition: nodeRoutes },
  { name: 'nodeLogs', from: 'cluster', to: 'node', summary: 'The next lines of an instance\'s output', definition: nodeLogs },
  { name: 'nodeTrace', from: 'cluster', to: 'node', summary: 'How would a connection go', definition: nodeTrace },
  { name: 'nodeAssignment', from: 'cluster', to: 'node', summary: 'Run these', definition: nodeAssignment },
  { name: 'nodeResync', from: 'cluster', to: 'node', summary: 'Register again', definition: nodeResync },
  { name: 'clusterRegister', from: 'cluster', to: 'root', summary: 'Who I am; the reply is all that I shall run', definition: clusterRegister },
  { name: 'clusterSummary', from: 'cluster', to: 'root', summary: 'What I can offer changed', definition: clusterSummary },
  { name: 'clusterHeartbeat', from: 'cluster', to: 'root', summary: 'I am alive and stand at this assignment', definition: clusterHeartbeat },
  { name: 'clusterReport', from: 'cluster', to: 'root', summary: 'Instances changed, or all that I have', definition: clusterReport },
  { name: 'clusterHandBack', from: 'cluster', to: 'root', summary: 'None of my nodes can take it, it is yours again', definition: clusterHandBack },
  { name: 'clusterNetwork', from: 'cluster', to: 'root', summary: 'Give me ranges for nodes, and routes', definition: clusterNetwork },
  { name: 'clusterRoutes', from: 'root', to: 'cluster', summary: 'Routes changed', definition: clusterRoutes },
  { name: 'clusterLogs', from: 'root', to: 'cluster', summary: 'The next lines of an instance\'s output', definition: clusterLogs },
  { name: 'clusterTrace', from: 'root', to: 'cluster', summary: 'How would a connection go', definition: clusterTrace },
  { name: 'clusterAssignment', from: 'root', to: 'cluster', summary: 'Run these', definition: clusterAssignment },
  { name: 'clusterResync', from: 'root', to: 'cluster', summary: 'Register again', definition: clusterResync },
  { name: 'clusterExplain', from: 'root', to: 'cluster', summary: 'Who of your nodes would take this, and why not the others', definition: clusterExplain },
  { name: 'clusterNodes', from: 'root', to: 'cluster', summary: 'A page of your nodes', definition: clusterNodes },
  { name: 'clusterCordon', from: 'root', to: 'cluster', summary: 'Close this node to new instances, or open it again', definition: clusterCordon },
];
