export type { Bus, BusLog, BusStatus, EventHandler, MessageContext, QueueOptions, RequestHandler, RequestOptions, Stop } from './bus.ts';
export { BadReply, BusClosed, BusError, InvalidMessage, NoAnswer, NobodyThere, Rejected, type BusErrorKind } from './bus-error.ts';
export type { EventDefinition, Parser, RequestDefinition } from './message.ts';
export { connectBus, type BusOptions } from './connect-bus.ts';
export type { NatsBus } from './nats-bus.ts';
export { BusStrategy, type StrategyOptions } from './bus-strategy.ts';
export { OnEvent, OnRequest } from './decorators.ts';
