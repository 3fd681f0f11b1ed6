export { RawClient, type RawMessage } from './raw-client.ts';
