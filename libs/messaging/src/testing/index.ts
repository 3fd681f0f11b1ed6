export { busConformance, type BusPlace } from './bus-conformance.ts';
export type { MemoryBus } from './memory-bus.ts';
export { MemoryNetwork, type NetworkOptions, type Passage } from './memory-network.ts';
export { NatsServer } from './nats-server.ts';
