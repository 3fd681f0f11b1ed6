import { defaultNodePlan, defaultServicePlan, nodeBlock, nodeBlockCount, nodesMost, overlaps, servicePlanOf, subnetsPerBlock, type NodePlan, type ServicePlan } from '@oak/addressing';
import { z } from 'zod';

export const defaultNodeRanges = [...defaultNodePlan.v4, defaultNodePlan.v6].join(',');
export const defaultServiceRanges = `${defaultServicePlan.v4},${defaultServicePlan.v6All}`;

const ranges = (text: string): string[] => text.split(',').map((one) => one.trim()).filter((one) => one !== '');
const six = (all: readonly string[]): string => all.find((one) => one.includes(':')) ?? '';

function checked<T>(read: (all: readonly string[]) => T) {
  return z.string().transform((text, context) => {
    try {
      return read(ranges(text));
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

/** `10.18.0.0/15,10.20.0.0/14,fc00::/64` */
export const nodePlanSchema = checked((all): NodePlan => {
  const plan = { v4: all.filter((one) => !one.includes(':')), v6: six(all) };
  if (plan.v4.length === 0 || plan.v6 === '') throw new RangeError('expected ranges of both families, e.g. 10.18.0.0/15,fc00::/64');
  nodeBlock(0, plan);
  if (nodeBlockCount(plan) * subnetsPerBlock > nodesMost) throw new RangeError(`${plan.v4.join(', ')}: hold more than ${nodesMost} subnets of nodes, as many as tunnels can tell apart; give smaller ranges`);
  return plan;
});
/** `10.30.0.0/16,fdff::/16` */
export const servicePlanSchema = checked((all): ServicePlan => {
  const v4 = all.find((one) => !one.includes(':'));
  if (all.length !== 2 || v4 === undefined || six(all) === '') throw new RangeError('expected one range of each family, e.g. 10.30.0.0/16,fdff::/16');
  return servicePlanOf(v4, six(all));
});

/** Two ranges that have addresses in common, for people. Undefined: none. */
export function overlapOf(nodes: NodePlan, services: ServicePlan): string | undefined {
  for (const node of [...nodes.v4, nodes.v6]) {
    const service = [services.v4, services.v6All].find((one) => overlaps(one, node));
    if (service !== undefined) return `${service} overlaps ${node} of OAK_NODE_RANGES`;
  }
  return undefined;
}
