export { freePort, RawClient, type RawMessage } from './raw-client.ts';
