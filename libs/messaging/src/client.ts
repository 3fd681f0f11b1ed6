/** The bus without Nest, for programs that run from source. */
export type { Bus } from './bus.ts';
export { connectBus, type BusOptions } from './connect-bus.ts';
