import { credentials, Metadata, type CallOptions as GrpcOptions, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { NetClient as Stub, type Attachment as WireAttachment, type NetStatus as WireStatus } from './gen/net.ts';
import { fromStatus } from './net-error.ts';
import { parseNetwork, parsePort, printPort, printTrace } from './parse.ts';
import { checkSocketPath } from './socket-path.ts';
import type { Attachment, AttachRequest, Counters, NetStatus, OverlayStatus, Trace, TraceQuestion } from './types.ts';

export interface NetClientOptions {
  /** Longest wait for one answer, reconnecting included. Default 10 s. */
  readonly deadlineMs?: number;
  /** Between two attempts to watch: doubles from the first to the longest. Defaults 100 and 2000. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

type Answered<R> = (error: ServiceError | null, reply: R) => void;

/** The asking side: node-engine, and tools of the node's operator. Connects lazily and reconnects by itself; a call waits for the connection until its deadline. */
export class NetClient {
  readonly socket: string;
  readonly #stub: Stub;
  readonly #options: Required<NetClientOptions>;
  readonly #watches = new Set<() => void>();

  /** @throws NetError invalid: the path is too long for a socket */
  constructor(socket: string, options: NetClientOptions = {}) {
    checkSocketPath(socket);
    this.socket = socket;
    this.#options = { deadlineMs: 10_000, firstPauseMs: 100, longestPauseMs: 2000, ...options };
    this.#stub = new Stub(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': this.#options.firstPauseMs,
      // The default grows to two minutes.
      'grpc.max_reconnect_backoff_ms': this.#options.longestPauseMs,
    });
  }

  /** Makes or restores the network of an instance. @throws NetError, or the signal's reason */
  async attach({ instanceId, name, ports, network }: AttachRequest, signal?: AbortSignal): Promise<Attachment> {
    const request = { instanceId, name, ports: ports.map(printPort), network };
    return readAttachment(await this.#call<WireAttachment>('attach', (options, done) => this.#stub.attach(request, patient(), options, done), signal));
  }

  /** Leaves nothing of the instance; unknown is success. @throws NetError, or the signal's reason */
  async detach(instanceId: string, signal?: AbortSignal): Promise<void> {
    await this.#call('detach', (options, done: Answered<object>) => this.#stub.detach({ instanceId }, patient(), options, done), signal);
  }

  /** Every instance with a network on this node. @throws NetError, or the signal's reason */
  async list(signal?: AbortSignal): Promise<readonly Attachment[]> {
    const reply = await this.#call<{ attachments: WireAttachment[] }>('list', (options, done) => this.#stub.list({}, patient(), options, done), signal);
    return reply.attachments.map(readAttachment);
  }

  /** @throws NetError, or the signal's reason */
  async status(signal?: AbortSignal): Promise<NetStatus> {
    return readStatus(await this.#call<WireStatus>('status', (options, done) => this.#stub.status({}, patient(), options, done), signal));
  }

  /** How a connection from one of this node's instances would go. @throws NetError, or the signal's reason */
  trace(question: TraceQuestion, signal?: AbortSignal): Promise<Trace> {
    return this.#call<Trace>('trace', (options, done) => this.#stub.trace(printTrace(question), patient(), options, done), signal);
  }

  /** @throws NetError, or the signal's reason */
  counters(signal?: AbortSignal): Promise<Counters> {
    return this.#call<Counters>('counters', (options, done) => this.#stub.counters({}, patient(), options, done), signal);
  }

  /**
   * Tells the status now and on every change, until the returned function is called. While net-manager is away it says not ready
   * and why; the first status after that also means: list again.
   */
  watch(listener: (status: NetStatus) => void): () => void {
    const stop = new AbortController();
    const end = () => { stop.abort(); this.#watches.delete(end); };
    this.#watches.add(end);
    void this.#keepWatching(listener, stop.signal);
    return end;
  }

  close(): void {
    for (const end of this.#watches) end();
    this.#stub.close();
  }

  #call<R>(name: string, send: (options: GrpcOptions, done: Answered<R>) => ClientUnaryCall, signal?: AbortSignal): Promise<R> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = () => call.cancel();
      const call = send({ deadline: Date.now() + this.#options.deadlineMs }, (error, reply) => {
        signal?.removeEventListener('abort', cancel);
        if (!error) resolve(reply);
        else reject(signal?.aborted ? (signal.reason as Error) : fromStatus(error, name, this.socket));
      });
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  async #keepWatching(listener: (status: NetStatus) => void, stop: AbortSignal): Promise<void> {
    for (let attempt = 0; !stop.aborted; attempt += 1) {
      const problem = await this.#watchOnce((status) => { attempt = 0; listener(status); }, stop);
      if (stop.aborted) return;
      listener({ ready: false, problem, subnetV4: '', subnetV6: '', bridge: '', overlay: { ...unknownOverlay, problem } });
      await pause(Math.min(this.#options.longestPauseMs, this.#options.firstPauseMs * 2 ** attempt), stop);
    }
  }

  /** Settles once, with the reason, when the stream ends: a broken one emits both `error` and `end`. */
  #watchOnce(listener: (status: NetStatus) => void, stop: AbortSignal): Promise<string> {
    return new Promise((resolve) => {
      const stream = this.#stub.watch({});
      const cancel = () => stream.cancel();
      const ended = (reason: string) => { stop.removeEventListener('abort', cancel); resolve(reason); };
      stream.on('data', (status: WireStatus) => { if (!stop.aborted) listener(readStatus(status)); });
      stream.on('error', (error: ServiceError) => ended(fromStatus(error, 'watch', this.socket).message));
      stream.on('end', () => ended(`net-manager on ${this.socket} is stopping`));
      if (stop.aborted) cancel();
      stop.addEventListener('abort', cancel, { once: true });
    });
  }
}

/** Waits for the connection instead of failing at once: net-manager may be restarting. */
function patient(): Metadata {
  return new Metadata({ waitForReady: true });
}

function readAttachment({ network, ...attachment }: WireAttachment): Attachment {
  return { ...attachment, ports: attachment.ports.map(parsePort), ...(network && { network: parseNetwork(network) }) };
}

const unknownOverlay: OverlayStatus = { ready: false, problem: 'this net-manager says nothing of an overlay; update it', encryption: '' };

function readStatus(status: WireStatus): NetStatus {
  return { ...status, overlay: status.overlay ?? unknownOverlay };
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void { clearTimeout(timer); stop.removeEventListener('abort', done); resolve(); }
    stop.addEventListener('abort', done, { once: true });
  });
}
