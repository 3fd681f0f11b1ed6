import {
  clusterAssignment, clusterCordon, clusterExplain, clusterLogs, clusterNodes, clusterResync, clusterRoutes, clusterTrace,
  nodeFingerprint, nodeHeartbeat, nodeNetwork, nodeRegister, nodeReport,
} from '@oak/contracts';

/** What nodes and root say to a cluster: each needs its handler, or the cluster does not start. */
export const served = [
  nodeRegister, nodeNetwork, nodeFingerprint, nodeHeartbeat, nodeReport,
  clusterAssignment, clusterResync, clusterExplain, clusterNodes, clusterCordon, clusterRoutes, clusterTrace, clusterLogs,
];
