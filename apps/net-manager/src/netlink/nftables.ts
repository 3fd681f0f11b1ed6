import { getSystemErrorName } from 'node:util';
import { ToolError } from '../datapath/tools.ts';
import { flags, message, messagesOf, readError, types } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

/** `NETLINK_NETFILTER`. */
export const netfilter = 12;
const subsystem = 10 << 8;
const batchBegin = 0x10;
const batchEnd = 0x11;
export const nfFamilies = { inet: 1, bridge: 7 } as const;
export type NfFamily = keyof typeof nfFamilies;

/** `NFT_MSG_*`. */
export const verbs = {
  newChain: 3, getChain: 4, delChain: 5, newRule: 6, getRule: 7, delRule: 8, newSet: 9, getSet: 10, delSet: 11, newElements: 12, getElements: 13, delElements: 14, newObject: 18, getObject: 19, delObject: 20,
} as const;

/** See `NetlinkSocket`. */
export type Conversation = Pick<NetlinkSocket, 'send' | 'receive' | 'close'>;

/** One step of a transaction. */
export interface Step {
  readonly family: NfFamily;
  readonly verb: number;
  readonly attributes: readonly Buffer[];
  /** For people, when the kernel refuses it. */
  readonly text: string;
}

/** What was being listed changed meanwhile. */
export class ChangedMeanwhile extends Error {}
const triesMost = 20;
const mixedWith = (family: number, resource: number): Buffer => Buffer.from([family, 0, resource >> 8, resource & 0xff]);

/** nftables of the kernel, without its program: that reads every chain of a machine before each change. */
export class Nftables {
  readonly #socket: Conversation;
  #sequence = 0;

  constructor(socket: Conversation) {
    this.#socket = socket;
  }

  /** All steps or none. @throws ToolError: says which step the kernel minds, and why */
  change(steps: readonly Step[]): void {
    if (steps.length === 0) return;
    if (this.#sequence + steps.length > 0x7ffffff0) this.#sequence = 0;
    const first = this.#next();
    const inside = steps.map(({ family, verb, attributes }, i) => {
      const create = verb === verbs.newRule ? flags.create | flags.append : flags.create;
      return message(subsystem | verb, flags.request | create | (i === steps.length - 1 ? flags.ack : 0), this.#next(), mixedWith(nfFamilies[family], 0), ...attributes);
    });
    this.#socket.send(Buffer.concat([message(batchBegin, flags.request, first, mixedWith(0, 10)), ...inside, message(batchEnd, flags.request, this.#next(), mixedWith(0, 10))]));
    this.#hearOut(first, steps);
  }

  /** Of everything of this kind, in any table: `attributes` may narrow it. @throws ToolError */
  *list(family: NfFamily, verb: number, attributes: readonly Buffer[] = []): Generator<Buffer> {
    const sequence = this.#next();
    this.#socket.send(message(subsystem | verb, flags.request | flags.dump, sequence, mixedWith(nfFamilies[family], 0), ...attributes));
    for (let isDone = false; !isDone;) {
      const datagram = this.#socket.receive();
      if (!datagram) throw new ToolError('nftables: the kernel stopped in the middle of a list');
      for (const { type, body, isInterrupted, sequence: of } of messagesOf(datagram)) {
        if (of !== sequence) continue;
        if (isInterrupted) throw new ChangedMeanwhile();
        if (type === types.error && readError(body).code !== 0) throw refusal(readError(body), 'list');
        if (type === types.done || type === types.error) { isDone = true; break; }
        // Behind the family and its kin. The datagram is overwritten by the next one.
        yield Buffer.from(body.subarray(4));
      }
    }
  }

  /** `read` again when what it read changed meanwhile. @throws ToolError */
  settled<T>(read: () => T): T {
    for (let tries = 1; ; tries += 1) {
      try {
        return read();
      } catch (error) {
        this.#drain();
        if (!(error instanceof ChangedMeanwhile)) throw error;
        if (tries >= triesMost) throw new ToolError('nftables: the rules change faster than they can be read');
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** The kernel has answered everything by the time that `send` returns. */
  #hearOut(first: number, steps: readonly Step[]): void {
    const faults: ToolError[] = [];
    let isTaken = false;
    for (let datagram = this.#socket.receive(); datagram; datagram = this.#socket.receive()) {
      for (const { type, sequence, body } of messagesOf(datagram)) {
        if (type !== types.error || sequence < first) continue;
        const { code, words } = readError(body);
        if (code === 0) isTaken = true;
        else faults.push(refusal({ code, words }, steps[sequence - first - 1]?.text ?? 'the whole'));
      }
    }
    if (faults[0]) throw faults[0];
    if (!isTaken) throw new ToolError('nftables: the kernel did not say that it took the change');
  }

  #drain(): void {
    while (this.#socket.receive()) { /* Nobody waits for it. */ }
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}

function refusal({ code, words }: { readonly code: number; readonly words: string }, what: string): ToolError {
  return new ToolError(`nftables: ${what}: ${getSystemErrorName(code)}${words ? `: ${words}` : ''}`);
}
