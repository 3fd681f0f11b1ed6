import { setTimeout as pause } from 'node:timers/promises';
import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isAlreadyExists, isDiskFull, isLocked, isNotFound } from '../client/rpc-error.ts';
import { ContentDefinition } from '../gen/content.ts';
import { WriteAction, WriteContentRequest, type WriteContentResponse } from '../gen/messages.ts';

export interface Blob {
  readonly digest: string;
  readonly size: number;
  /** What garbage collection shall keep with it, and where it came from. */
  readonly labels: Readonly<Record<string, string>>;
}
type Read = (offset: number) => AsyncIterable<Buffer>;

const chunkBytes = 512 * 1024;
/** Unanswered writes: enough to keep both sides busy, few enough to keep memory flat. */
const maxUnanswered = 4;
const lockedPauseMs = 150;

/**
 * Puts a blob into containerd's content store under the client's lease, with its labels also when it was there. `read` gives its bytes from an
 * offset on: what an earlier try left is not moved again. containerd checks the digest: another one is `invalid` with both digests.
 */
export async function writeBlob(client: ContainerdClient, blob: Blob, read: Read, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await writeOnce(client, blob, read, signal);
    } catch (error) {
      if (isAlreadyExists(error)) return addLabels(client, blob, signal);
      // Not left to garbage collection: it stumbles over what a full disk cut off.
      if (isMismatch(error) || isDiskFull(error)) await client.call(ContentDefinition, 'abort', { ref: refOf(blob) }).catch(unlessNotFound);
      if (!isLocked(error)) throw error;
      // Another writer has it: when it is done the blob exists, when it dies we go on where it was.
      await pause(lockedPauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** What was written is not what its digest says. */
export const isMismatch = (error: unknown): boolean => error instanceof RuntimeError && error.kind === 'invalid' && /unexpected commit/.test(error.message);

const refOf = ({ digest }: Blob): string => `oakestra-${digest}`;

async function writeOnce(client: ContainerdClient, blob: Blob, read: Read, signal: AbortSignal): Promise<void> {
  const [ref, total, expected] = [refOf(blob), BigInt(blob.size), blob.digest];
  const stream = new WriteStream(client, signal);
  const unanswered: Promise<unknown>[] = [];
  try {
    const { offset } = await stream.ask({ action: WriteAction.STAT, ref, total, expected });
    let at = offset;
    if (at < total) for await (const data of inChunks(read(Number(at)), chunkBytes)) {
      if (unanswered.length >= maxUnanswered) await unanswered.shift();
      unanswered.push(stream.ask({ action: WriteAction.WRITE, ref, offset: at, data }));
      at += BigInt(data.length);
    }
    await Promise.all(unanswered);
    await stream.ask({ action: WriteAction.COMMIT, ref, total, expected, offset: total, labels: { ...blob.labels } });
  } finally {
    stream.end();
  }
}

async function addLabels(client: ContainerdClient, { digest, labels }: Blob, signal: AbortSignal): Promise<void> {
  const paths = Object.keys(labels).map((key) => `labels.${key}`);
  if (paths.length > 0) await client.call(ContentDefinition, 'update', { info: { digest, labels: { ...labels } }, updateMask: paths }, { signal });
}

/** Gathers small pieces: a network gives 16 to 64 KiB at a time, and each write costs an answer. */
async function* inChunks(pieces: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes < size) continue;
    yield Buffer.concat(held, heldBytes);
    [held, heldBytes] = [[], 0];
  }
  if (heldBytes > 0) yield Buffer.concat(held, heldBytes);
}

/** Content.Write as questions and answers: containerd answers each request once, in order. */
class WriteStream {
  readonly #stream: ClientDuplexStream<WriteContentRequest, WriteContentResponse>;
  readonly #waiting: { resolve: (answer: WriteContentResponse) => void; reject: (error: Error) => void }[] = [];
  readonly #signal: AbortSignal;
  #failure: Error | undefined;
  readonly #cancel = (): void => this.#stream.cancel();

  constructor(client: ContainerdClient, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#signal = signal;
    this.#stream = client.openWrite();
    this.#stream.on('data', (answer: WriteContentResponse) => this.#waiting.shift()?.resolve(answer));
    this.#stream.on('error', (error: ServiceError) => this.#fail(signal.aborted ? (signal.reason as Error) : client.translate(error, 'Content.Write')));
    this.#stream.on('end', () => this.#fail(client.translate(Object.assign(new Error(), { code: status.UNAVAILABLE, details: 'the stream ended early' }) as ServiceError, 'Content.Write')));
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  ask(request: Partial<WriteContentRequest>): Promise<WriteContentResponse> {
    const answer = new Promise<WriteContentResponse>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#stream.write(WriteContentRequest.fromPartial(request));
    });
    // Awaited later, or never when an earlier one failed.
    answer.catch(() => undefined);
    return answer;
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#stream.end();
    this.#stream.cancel();
  }

  /** An error is followed by an end; the first word counts. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
