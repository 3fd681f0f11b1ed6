import { request } from 'node:http';
import { connect } from 'node:net';
import { parsePorts, type Microservice } from '@oak/sla';
import type { Result } from '@oak/reconcile';
import type { Instances } from './instances.ts';

/** What must answer before an instance takes calls. */
export interface ReadinessProbe { readonly port: number; readonly path?: string | undefined }
/** Undefined: it answers. Text: why it does not. */
export type Knock = (address: string, probe: ReadinessProbe, signal: AbortSignal) => Promise<string | undefined>;

/** As the descriptor says, else the first TCP port that is mapped to the instance: nobody maps a port on which nothing will listen. */
export function probeOf({ readiness, port }: Pick<Microservice, 'readiness' | 'port'>): ReadinessProbe | undefined {
  if (readiness) return { port: readiness.port, ...(readiness.path !== undefined && { path: readiness.path }) };
  const parsed = parsePorts(port);
  const mapped = parsed.ok ? parsed.ports.find(({ protocol }) => protocol === 'tcp') : undefined;
  return mapped && { port: mapped.targetPort };
}

const done: Result = { kind: 'done' };
/** Often while it starts, so that a new instance takes calls at once; seldom while all is well. */
const soonMs = 50;
const oftenUntil = 100;
const slowMs = 1_000;
const wellMs = 5_000;
/** One lost answer is no sickness. */
const failuresMost = 3;
const answerMs = 1_000;

export interface ReadinessOptions { readonly instances: Pick<Instances, 'get' | 'setReady'>; readonly knock: Knock }

/** Which running instances answer. One that does not takes no calls, but is left running. */
export class Readiness {
  readonly #options: ReadinessOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** One look; says when to look again. */
  async check(id: string, signal: AbortSignal): Promise<Result> {
    const { instances, knock } = this.#options;
    const record = await instances.get(id);
    const probe = record && probeOf(record.spec.microservice);
    const address = record?.report.ipv4;
    if (!record || !probe || address === undefined || record.report.status !== 'RUNNING' || record.desired !== 'run') { this.#failures.delete(id); return done; }
    const reason = await knock(address, probe, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
    signal.throwIfAborted();
    return reason === undefined ? this.#answers(id) : this.#fails(id, record.report.ready === false, `port ${probe.port}${probe.path ?? ''}: ${reason}`);
  }

  async #answers(id: string): Promise<Result> {
    this.#failures.delete(id);
    await this.#options.instances.setReady(id, true, 'running');
    return { kind: 'again', afterMs: wellMs };
  }

  async #fails(id: string, waits: boolean, reason: string): Promise<Result> {
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    // Said once when it starts and once when it has taken long, not at each knock.
    if (waits ? failures === oftenUntil : failures >= failuresMost) await this.#options.instances.setReady(id, false, `running, takes no calls: ${reason}`);
    return { kind: 'again', afterMs: failures < oftenUntil ? soonMs : slowMs };
  }
}

/** From the node itself, as a caller would. */
export const knock: Knock = (address, { port, path }, signal) => (path === undefined ? knockTcp(address, port, signal) : knockHttp(address, port, path, signal));

function knockTcp(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason: string | undefined): void => { signal.removeEventListener('abort', late); socket.destroy(); resolve(reason); };
    const late = (): void => { end('no answer'); };
    signal.addEventListener('abort', late, { once: true });
    socket.once('connect', () => { end(undefined); });
    socket.once('error', (error: NodeJS.ErrnoException) => { end(error.code ?? error.message); });
  });
}

function knockHttp(host: string, port: number, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, signal, agent: false, headers: { connection: 'close', 'user-agent': 'oakestra-readiness' } }, (response) => {
      response.destroy();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `answers ${statusCode}`);
    });
    asked.once('error', (error: NodeJS.ErrnoException) => { resolve(signal.aborted ? 'no answer' : (error.code ?? error.message)); });
    asked.end();
  });
}
