import { nodeAssignment, nodeLogs, nodeResync } from '@oak/contracts';

/** What the cluster says to its node: each needs its handler, or node-engine does not start. */
export const served = [nodeAssignment, nodeResync, nodeLogs];
