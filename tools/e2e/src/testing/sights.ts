import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Lab } from '@oak/lab';

/** What can be seen of a start from outside: an event of containerd, or a new name in a folder of the host. */
export type Sight = { readonly event: RegExp } | { readonly folder: string };

let pings = 0;

/** Sees what happens on one node. Close it before the lab goes down. */
export class Sights {
  readonly #lab: Lab;
  readonly #node: string;
  readonly #events: ChildProcess;
  readonly #waiting = new Set<{ readonly event: RegExp; readonly seen: () => void }>();

  private constructor(lab: Lab, node: string) {
    this.#lab = lab;
    this.#node = node;
    this.#events = spawn('ctr', ['-a', this.#socket, 'events'], { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: this.#events.stdout! }).on('line', (line) => {
      for (const one of [...this.#waiting]) if (one.event.test(line)) one.seen();
    });
  }

  /** Resolves when containerd's events arrive. */
  static async open(lab: Lab, node: string): Promise<Sights> {
    const sights = new Sights(lab, node);
    const namespace = `oak-ping-${++pings}`;
    let live = false;
    const heard = sights.first({ event: new RegExp(`/namespaces/.*${namespace}`) }).then(() => { live = true; });
    while (!live) {
      await sights.#ctr('namespaces', 'create', namespace);
      await sights.#ctr('namespaces', 'remove', namespace);
    }
    await heard;
    return sights;
  }

  /** Begins to look at once, resolves at the first sight. */
  async first(sight: Sight): Promise<void> {
    if ('folder' in sight) return this.#firstIn(sight.folder);
    const { promise, resolve } = Promise.withResolvers<void>();
    const one = { event: sight.event, seen: resolve };
    this.#waiting.add(one);
    await promise;
    this.#waiting.delete(one);
  }

  async close(): Promise<void> {
    if (this.#events.exitCode !== null || this.#events.signalCode !== null) return;
    const ended = once(this.#events, 'exit');
    this.#events.kill('SIGKILL');
    await ended;
  }

  get #socket(): string {
    return `${this.#lab.dir}/${this.#node}/containerd.sock`;
  }

  async #firstIn(folder: string): Promise<void> {
    for await (const { eventType } of watch(`/proc/${this.#lab.host(this.#node).init.pid}/root${folder}`)) if (eventType === 'rename') return;
  }

  async #ctr(...args: string[]): Promise<void> {
    await once(spawn('ctr', ['-a', this.#socket, ...args], { stdio: 'ignore' }), 'exit');
  }
}
