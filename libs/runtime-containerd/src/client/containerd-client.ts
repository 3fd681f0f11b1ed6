import { Client, credentials, Metadata, type CallOptions as GrpcOptions, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { WriteContentRequest, WriteContentResponse } from '../gen/messages.ts';
import { ContentDefinition } from '../gen/content.ts';
import { encodeWrite } from './encode-write.ts';
import { EventSubscription, type ContainerdEvent } from './event-subscription.ts';
import { translateRpcError } from './rpc-error.ts';
import { wireOf, type RequestOf, type ResponseOf, type ServerStreamOf, type Service, type UnaryOf, type Wire } from './rpc.ts';

export interface CallOptions {
  /** Aborting cancels the call and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default 30 s, because a loaded board starts a task slowly. Infinity for Tasks.Wait. */
  readonly deadlineMs?: number;
}

export interface ContainerdAddress {
  /** Path of containerd's socket, without a scheme. */
  readonly socket: string;
  readonly namespace: string;
}

const defaultDeadlineMs = 30_000;
const maxMessageBytes = 16 * 1024 * 1024;
const channelOptions = {
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc.max_receive_message_length': maxMessageBytes,
  // The defaults grow to 120 s: after a restart of containerd the node would be blind for minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** One connection to one containerd, seen through one namespace and at most one lease. Everything it throws is an `RpcError` or the signal's reason. */
export class ContainerdClient {
  readonly socket: string;
  readonly namespace: string;
  readonly lease: string | undefined;
  readonly #channel: Client;

  private constructor(address: ContainerdAddress, channel: Client, lease: string | undefined) {
    this.socket = address.socket;
    this.namespace = address.namespace;
    this.lease = lease;
    this.#channel = channel;
  }

  /** Connects lazily: the first call tells whether anybody listens. */
  static connect(address: ContainerdAddress): ContainerdClient {
    return new ContainerdClient(address, new Client(`unix://${address.socket}`, credentials.createInsecure(), channelOptions), undefined);
  }

  /** The same connection; what is made through it is protected from garbage collection by the lease. */
  leased(lease: string): ContainerdClient {
    return new ContainerdClient(this, this.#channel, lease);
  }

  /** The same connection, another namespace, no lease. */
  inNamespace(namespace: string): ContainerdClient {
    return new ContainerdClient({ socket: this.socket, namespace }, this.#channel, undefined);
  }

  /** One request, one answer: `client.call(TasksDefinition, 'start', { containerId })`. */
  call<S extends Service, M extends UnaryOf<S>>(service: S, method: M, request: RequestOf<S, M>, options: CallOptions = {}): Promise<ResponseOf<S, M>> {
    const wire = wireOf(service, method);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const call = this.#channel.makeUnaryRequest(wire.path, wire.serialize, wire.deserialize, request, this.#metadata(), grpcOptions(options), (error, answer) => {
        signal?.removeEventListener('abort', cancel);
        if (error) reject(this.#failure(error, wire, signal));
        else resolve(answer as ResponseOf<S, M>);
      });
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** One request, many answers. Leaving the loop early cancels the call. */
  async *stream<S extends Service, M extends ServerStreamOf<S>>(service: S, method: M, request: RequestOf<S, M>, options: CallOptions = {}): AsyncGenerator<ResponseOf<S, M>> {
    const wire = wireOf(service, method);
    options.signal?.throwIfAborted();
    const call = this.#channel.makeServerStreamRequest(wire.path, wire.serialize, wire.deserialize, request, this.#metadata(), grpcOptions(options));
    // Leaving an async loop destroys the stream, which reports CANCELLED once more: nobody is left to hear it.
    call.on('error', () => undefined);
    const cancel = () => call.cancel();
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const answer of call) yield answer as ResponseOf<S, M>;
    } catch (error) {
      throw this.#failure(error as ServiceError, wire, options.signal);
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  /** The raw stream of Content.Write; `ContentWriter` speaks its protocol. Translate its errors with `translate`. */
  openWrite(): ClientDuplexStream<WriteContentRequest, WriteContentResponse> {
    const { path, deserialize } = wireOf(ContentDefinition, 'write');
    return this.#channel.makeBidiStreamRequest(path, encodeWrite, deserialize, this.#metadata());
  }

  translate(error: ServiceError, label: string): Error {
    return translateRpcError(error, label, this.socket);
  }

  /**
   * Events of this namespace whose topic matches, e.g. `topic~="^/tasks/"`. Says `resync` once the subscription is live, at the start and after every
   * interruption: list then, for what happened before was not heard. Never throws and never ends before the returned function is called.
   */
  events(filters: readonly string[], listener: (event: ContainerdEvent) => void): () => void {
    const subscription = new EventSubscription(this, filters, listener);
    subscription.start();
    return () => subscription.stop();
  }

  /** Ends the connection, also for all views of it. */
  close(): void {
    this.#channel.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('containerd-namespace', this.namespace);
    if (this.lease !== undefined) metadata.set('containerd-lease', this.lease);
    return metadata;
  }

  #failure<Q, R>(error: ServiceError, wire: Wire<Q, R>, signal: AbortSignal | undefined): Error {
    return signal?.aborted ? (signal.reason as Error) : translateRpcError(error, wire.label, this.socket);
  }
}

function grpcOptions({ deadlineMs = defaultDeadlineMs }: CallOptions): GrpcOptions {
  return Number.isFinite(deadlineMs) ? { deadline: Date.now() + deadlineMs } : {};
}
