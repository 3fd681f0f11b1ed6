import { NetError, type Attachment, type AttachRequest, type Counters, type NetService, type NetStatus, type Trace } from '@oak/net-api';
import { defaultBackoff, ReconcileLoop, type Clock, type Random, type Result } from '@oak/reconcile';
import { Attachments } from './attachments/attachments.ts';
import type { Datapath } from './datapath/datapath.ts';
import { StatusBoard } from './status-board.ts';
import type { KnownSubnet } from './subnet/known-subnet.ts';
import type { SubnetSource } from './subnet/subnet-source.ts';

export interface NetOptions {
  readonly datapath: Datapath;
  readonly known: KnownSubnet;
  readonly source: SubnetSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: { log(text: string): void; warn(text: string): void; error(text: unknown): void };
}

type Key = 'kernel' | 'subnet';
const done: Result = { kind: 'done' };

/** This node's network: what node-engine may ask for, and the loop that keeps the kernel as it was promised. */
export class Net implements NetService {
  readonly #options: NetOptions;
  readonly #board: StatusBoard;
  readonly #attachments: Attachments;
  readonly #loop: ReconcileLoop<Key>;
  #adopted = false;

  constructor(options: NetOptions) {
    const { datapath, known, clock, random, log } = options;
    this.#options = options;
    this.#board = new StatusBoard(datapath.bridge);
    this.#attachments = new Attachments({ datapath, subnet: () => known.current(), log: (text) => { log.warn(text); } });
    this.#loop = new ReconcileLoop<Key>({
      name: 'net', clock, random, backoff: { ...defaultBackoff, maxMs: 5000 }, keys: () => Promise.resolve(['kernel']),
      reconcile: (key) => (key === 'kernel' ? this.#converge() : this.#askSubnet()),
      onError: (key, error, attempt) => { this.#failed(key, error, attempt); },
    });
  }

  /** Resolves when the kernel was read once, or could not be: then the status says why, and the loop tries on. */
  async start(): Promise<void> {
    const subnet = this.#options.known.current();
    if (subnet) this.#board.useSubnet(subnet);
    await this.#converge().catch((error: unknown) => { this.#failed('kernel', error, 1); });
    this.#loop.trigger('subnet');
    this.#loop.start();
  }

  /** Leaves everything in the kernel as it is. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** The source may have something new to say, e.g. its bus is back. */
  askAgain(): void {
    this.#loop.trigger('subnet');
  }

  async attach(request: AttachRequest): Promise<Attachment> {
    this.#refuseEarly();
    const from = this.#options.clock.now();
    const attachment = await this.#telling('attach', () => this.#attachments.attach(request));
    this.#options.log.log(`attached ${request.name} (${request.instanceId}) as ${attachment.ipv4} in ${this.#options.clock.now() - from} ms`);
    return attachment;
  }

  async detach(instanceId: string): Promise<void> {
    this.#refuseEarly();
    await this.#telling('detach', () => this.#attachments.detach(instanceId));
    this.#options.log.log(`detached ${instanceId}`);
  }

  list(): Promise<readonly Attachment[]> {
    return this.#telling('list', () => {
      this.#refuseEarly();
      return Promise.resolve(this.#attachments.list());
    });
  }

  status(): NetStatus {
    return this.#board.status();
  }

  watch(listener: (status: NetStatus) => void): () => void {
    return this.#board.watch(listener);
  }

  trace(): Promise<Trace> {
    return Promise.reject(new NetError('rejected', 'this node has no overlay'));
  }

  counters(): Promise<Counters> {
    return Promise.reject(new NetError('rejected', 'this node has no overlay'));
  }

  /** Until the kernel was read nobody knows which addresses and ports are in use. */
  #refuseEarly(): void {
    if (!this.#adopted) throw new NetError('temporary', `not ready: ${this.#board.status().problem}`);
  }

  async #converge(): Promise<Result> {
    const changes = await this.#attachments.converge();
    if (!this.#adopted) this.#options.log.log(`adopted ${this.#attachments.list().length} attachments`);
    this.#adopted = true;
    if (changes.length > 0) this.#options.log.log(`changed in the kernel: ${summary(changes)}`);
    this.#board.report('kernel', undefined);
    return done;
  }

  async #askSubnet(): Promise<Result> {
    const { known, source, log } = this.#options;
    const before = known.current();
    const subnet = await source.subnet();
    if (known.learn(subnet)) {
      log.log(`subnet ${subnet.v4}, ${subnet.v6}${before ? `; before: ${before.v4}, ${before.v6}, which attached instances keep` : ''}`);
      await this.#converge();
    }
    this.#board.useSubnet(subnet);
    return done;
  }

  #failed(key: Key | undefined, error: unknown, attempt: number): void {
    const text = error instanceof Error ? error.message : String(error);
    if (key === 'kernel') this.#board.report('kernel', text);
    if (key === 'subnet' && !this.#options.known.current()) this.#board.report('subnet', `this node has no subnet yet: ${text}`);
    if (attempt === 1) this.#options.log.warn(`${key ?? 'resync'}: ${text}; trying on`);
  }

  async #telling<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof NetError) this.#options.log.warn(`${what}: ${error.message}`);
      else this.#options.log.error(error);
      throw error;
    }
  }
}

function summary(changes: readonly { readonly kind: string }[]): string {
  return changes.map(({ kind }) => kind).join(', ');
}
