import { clusterRegister, clusterSummary, clusterHeartbeat, clusterReport, clusterHandBack, clusterNetwork } from '@oak/contracts';

/** What clusters say to root: each needs its handler, or root does not start. */
export const served = [clusterRegister, clusterSummary, clusterHeartbeat, clusterReport, clusterHandBack, clusterNetwork];
