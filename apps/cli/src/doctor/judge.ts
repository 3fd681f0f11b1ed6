import { isGood, stateOf } from '../listings/columns.ts';
import type { Cluster } from '../root/views.ts';
import type { NamedInstance, NamedNode } from '../selection/named.ts';
import { count, plain } from '../terminal/words.ts';

/** `unchecked`: what it needs is at fault itself. */
export type Verdict = 'ok' | 'warning' | 'fault' | 'unchecked';
export interface Finding { readonly verdict: Verdict; readonly text: string; readonly remedies?: readonly string[] }

export const ok = (text: string): Finding => ({ verdict: 'ok', text });
const shownAtMost = 10;
const listed = (lines: readonly string[]): string[] => (lines.length <= shownAtMost ? [...lines] : [...lines.slice(0, shownAtMost), `and ${lines.length - shownAtMost} more`]);

/** Tokens and ages go by the clock. HTTP gives whole seconds. */
const tolerableSkewMs = 5_000;

/** @param rootMs root's clock, cut to whole seconds; it answered between `askedMs` and `heardMs` of ours */
export function judgeClock(rootMs: number, askedMs: number, heardMs: number): Finding {
  const skewMs = rootMs + 1_000 < askedMs ? rootMs + 1_000 - askedMs : Math.max(0, rootMs - heardMs);
  if (Math.abs(skewMs) <= tolerableSkewMs) return ok('this clock and that of root agree');
  return { verdict: 'fault', text: `the clock of root is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this one`, remedies: ['set both by NTP: timedatectl set-ntp true'] };
}

export function judgeClusters(clusters: readonly Cluster[]): Finding {
  if (clusters.length === 0) return { verdict: 'fault', text: 'root knows no cluster', remedies: ['on the machine of root: root-orchestrator credentials cluster NAME; give that to a cluster-orchestrator'] };
  const away = clusters.filter(({ active }) => !active);
  if (away.length === 0) return ok(`${count(clusters.length, 'cluster')} active`);
  return {
    verdict: 'fault', text: `${away.length} of ${count(clusters.length, 'cluster')} not active`,
    remedies: listed(away.map((cluster) => `${cluster.cluster_name} is ${stateOf(cluster)}: see whether its cluster-orchestrator runs and reaches root's port for leaf nodes (7422)`)),
  };
}

export function judgeNodes(nodes: readonly NamedNode[], unreachable: readonly string[]): Finding {
  const faults = [
    ...unreachable.map((cluster) => `cluster ${cluster} does not say which nodes it has`),
    ...nodes.filter(({ node }) => node.state !== 'active').map(({ name, node }) => `${name} is ${node.state}: see whether its node-engine runs and reaches the bus of its cluster (4223)`),
    ...nodes.flatMap(({ name, node }) => (node.overlay?.problem === undefined ? [] : [`${name} takes no part in the overlay: ${plain(node.overlay.problem)}`])),
  ];
  if (faults.length > 0) return { verdict: 'fault', text: `${count(faults.length, 'fault')} on ${count(nodes.length, 'node')}`, remedies: listed(faults) };
  if (nodes.length === 0) return { verdict: 'fault', text: 'no cluster has a node', remedies: ['on the machine of a cluster: cluster-orchestrator credentials node NAME; give that to a node-engine and a net-manager'] };
  const closed = nodes.filter(({ node }) => node.cordoned);
  if (closed.length === 0) return ok(`${count(nodes.length, 'node')} active`);
  return { verdict: 'warning', text: `${closed.length} of ${count(nodes.length, 'node')} closed to new instances`, remedies: listed(closed.map(({ name }) => `open it again: oak node uncordon ${name}`)) };
}

/** A node that can run nothing is a fault; one runtime of several that does not work is a warning. */
export function judgeRuntimes(nodes: readonly NamedNode[]): Finding {
  const active = nodes.filter(({ node }) => node.state === 'active');
  const idle = active.filter(({ node }) => !node.runtimes.some(({ healthy }) => healthy));
  const broken = active.flatMap(({ name, node }) => node.runtimes.filter(({ healthy }) => !healthy).map(({ virtualization, reason }) => plain(`${virtualization} on ${name}: ${reason ?? 'it does not say why'}`)));
  if (idle.length > 0) return { verdict: 'fault', text: `no runtime works on ${idle.map(({ name }) => name).join(', ')}`, remedies: listed(broken.length > 0 ? broken : ['see whether containerd runs there, and its configuration names a runtime']) };
  if (broken.length > 0) return { verdict: 'warning', text: `${count(broken.length, 'runtime')} does not work`, remedies: listed(broken) };
  return ok(`all work: ${[...new Set(active.flatMap(({ node }) => node.runtimes.map(({ virtualization }) => plain(virtualization))))].sort().join(', ')}`);
}

export function judgeInstances(instances: readonly NamedInstance[]): Finding {
  const waiting = instances.filter(({ instance }) => !isGood(instance) && !instance.stopping);
  if (waiting.length === 0) return ok(`${count(instances.length, 'instance')}, none in trouble`);
  return { verdict: 'warning', text: `${waiting.length} of ${count(instances.length, 'instance')} do not run`, remedies: listed(waiting.map(({ name, instance }) => plain(`${name}: ${instance.status}: ${instance.status_detail} (oak explain ${name})`))) };
}
