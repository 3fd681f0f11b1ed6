export { assignmentSchema, instanceSpecSchema, positionSchema, type Assignment, type CompleteAssignment, type InstanceSpec, type Position } from './assignment.ts';
export {
  clusterAssignment, clusterCordon, clusterExplain, clusterHandBack, clusterHeartbeat, clusterNodes, clusterRegister, clusterReport, clusterResync, clusterSummary,
  clusterSummarySchema, nodeStates, nodeViewSchema, runtimeHealthSchema, type ClusterSummary, type NodeView,
} from './cluster.ts';
export { explanationSchema, verdictSchema, type PlacementExplanation, type Verdict } from './explanation.ts';
export { clusterLogs, nodeLogs, type LogAnswer, type LogLine, type LogQuestion } from './logs.ts';
export { messages, type Message, type Party } from './messages.ts';
export { epochSchema, idSchema, nameSchema, pageSchema, revisionSchema, textSchema, timeSchema } from './names.ts';
export {
  affinitySchema, backendsMost, clusterNetwork, clusterRoutes, clusterTrace, instanceNetworkSchema, networkPolicySchema, nodeNetwork, nodeRoutes, nodeTrace,
  overlayRangesSchema, routeSchema, routesSchema, serviceAddressesSchema, subnetPairSchema, tunnelSchema,
  type Backend, type CompleteRoutes, type InstanceNetwork, type NetworkPolicy, type NodeNetworkAnswer, type NodeNetworkQuestion, type OverlayRanges, type PeerRoute, type Route, type Routes,
  type ServiceAddresses, type ServiceRoute, type SubnetPair, type Trace, type TraceQuestion, type Tunnel,
} from './network.ts';
export {
  nodeAssignment, nodeDescriptionSchema, nodeFingerprint, nodeHeartbeat, nodeRegister, nodeReport, nodeResync,
  type Fingerprint, type NodeDescription,
} from './node.ts';
export {
  clusterReportSchema, heartbeatSchema, instanceReportSchema, nodeReportSchema, placedReportSchema,
  type ClusterReport, type Heartbeat, type InstanceReport, type NodeReport, type PlacedReport,
} from './report.ts';
export { resourcesSchema, type Resources } from './resources.ts';
export { capabilitiesSchema, runtimeStatusSchema, virtualizationSchema, type RuntimeStatus } from './runtimes.ts';
export { instanceStatuses, instanceStatusSchema, type InstanceStatus } from './status.ts';
