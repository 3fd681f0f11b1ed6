export { NetClient, type NetClientOptions } from './net-client.ts';
export { NetError, type NetErrorKind } from './net-error.ts';
export { maxPorts, tunnelPort } from './parse.ts';
export { serveNet, type NetServing } from './serve-net.ts';
export type {
  Attachment, AttachRequest, Counters, InstanceCounter, InstanceNetwork, NameCounter, NetService, NetStatus, OverlayStatus, PortMapping, Protocol, ServiceCounter,
  Trace, TraceQuestion, TraceStep,
} from './types.ts';
