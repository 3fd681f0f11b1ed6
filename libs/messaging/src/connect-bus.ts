import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { BusLog } from './bus.ts';
import { BusClosed } from './bus-error.ts';
import { credentialsAuthenticator, parseCredentials } from './credentials.ts';
import { messageOf } from './intake.ts';
import { NatsBus } from './nats-bus.ts';

/**
 * `servers`: e.g. `nats://127.0.0.1:4222`, `tls://cluster:4222`. `name`: shown by the server's monitoring.
 * `inboxPrefix`: where this party may hear answers, e.g. `_INBOX.node.n1`.
 * `credentials`: the text of a .creds file, or a reader that is asked at every connect, so that a renewed one is used.
 * `background`: do not wait for the first connection; it counts as a reconnect when it comes. For processes that work without the bus.
 * `signal`: gives up. `pingMs`: a silent cut is noticed after two to three of them (default 20 s).
 */
export interface BusOptions {
  readonly servers: string | readonly string[];
  readonly name: string;
  readonly inboxPrefix: string;
  readonly credentials?: string | (() => string);
  readonly caFile?: string;
  readonly background?: boolean;
  readonly signal?: AbortSignal;
  readonly pingMs?: number;
  readonly retryMs?: number;
  readonly log: BusLog;
}

/** Tries until it is connected, and says why not. @throws BusClosed when `signal` ends it, InvalidMessage for bad credentials */
export async function connectBus(options: BusOptions): Promise<NatsBus> {
  if (options.credentials !== undefined) parseCredentials(reader(options.credentials)());
  const bus = new NatsBus((signal) => dial(options, signal), options.log);
  options.signal?.addEventListener('abort', () => void bus.drain(), { once: true });
  if (options.signal?.aborted) await bus.drain();
  if (options.background) {
    void bus.open();
    return bus.handOut();
  }
  await bus.open();
  if (bus.status() !== 'connected') throw new BusClosed(`gave up connecting to ${serversOf(options).join(', ')}`);
  return bus.handOut();
}

/** The client's own waiting for a first connection is silent, even about a bad certificate; hence this loop. */
async function dial(options: BusOptions, signal: AbortSignal): Promise<NatsConnection | undefined> {
  const said = new Set<string>();
  while (!signal.aborted) {
    try {
      return await connect(clientOptions(options));
    } catch (error) {
      const reason = messageOf(error);
      if (!said.has(reason)) options.log.warn(`cannot connect to the bus at ${serversOf(options).join(', ')} yet: ${reason}. Still trying`);
      said.add(reason);
    }
    const { retryMs = 500 } = options;
    await sleep(retryMs * (1 + Math.random()), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function clientOptions(options: BusOptions): NodeConnectionOptions {
  const { name, inboxPrefix, credentials, caFile, pingMs = 20_000, retryMs = 500 } = options;
  return {
    servers: serversOf(options), name, inboxPrefix,
    ...(credentials === undefined ? {} : { authenticator: credentialsAuthenticator(reader(credentials)) }),
    ...(caFile === undefined ? {} : { tls: { caFile } }),
    timeout: 5000, pingInterval: pingMs, maxPingOut: 2,
    // The client's defaults give up after ten tries, and after two refusals in a row.
    maxReconnectAttempts: -1, ignoreAuthErrorAbort: true,
    reconnectTimeWait: retryMs, reconnectJitter: retryMs, reconnectJitterTLS: 2 * retryMs,
  };
}

function serversOf({ servers }: BusOptions): string[] {
  return typeof servers === 'string' ? [servers] : [...servers];
}

function reader(credentials: string | (() => string)): () => string {
  return typeof credentials === 'string' ? () => credentials : credentials;
}
