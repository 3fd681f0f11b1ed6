import { MemoryNetwork } from '@oak/messaging/testing';
import type { Bus } from '@oak/messaging';
import type { Random } from '@oak/reconcile';
import { FakeClock, seededRandom, settled } from '@oak/reconcile/testing';
import type { Machine } from './machine.ts';

/** Time, chance, the wires and the log of a simulated installation. */
export class World {
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly random: Random;
  readonly said: string[] = [];
  readonly network: MemoryNetwork;
  #ids = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const say = (text: string): void => { this.say('bus', text); };
    this.network = new MemoryNetwork({ after: (ms, run) => this.clock.after(ms, run), log: { log: say, warn: say, error: say } });
  }

  newId(): string {
    return (++this.#ids).toString(16).padStart(24, '0');
  }

  say(who: string, text: string): void {
    this.said.push(`${((this.clock.monotonic() - 1_700_000_000_000) / 1000).toFixed(1)} ${who}: ${text}`);
  }

  /** Lets time pass. What is done at once is done before the next timer. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < until) {
      await quiet();
      await this.clock.advance(Math.min(100, until - this.clock.monotonic()));
    }
    await quiet();
  }

  /** Lets time pass until the work is done: it may wait for a timeout. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finished = work.finally(() => { done = true; });
    finished.catch(() => undefined);
    await quiet();
    while (!done) await this.pass(100);
    return finished;
  }
}

/** One turn sends, the next one handles, a third one answers. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await settled();
}

/** A process of ours that can be killed and started again on the same disk. */
export abstract class SimulatedProcess {
  readonly world: World;
  readonly name: string;
  protected readonly machine: Machine;
  #close: (() => Promise<void>) | undefined;
  #bus: (Bus & { drain(): Promise<void> }) | undefined;

  constructor(world: World, name: string, machine: Machine) {
    this.world = world;
    this.name = name;
    this.machine = machine;
  }

  get up(): boolean {
    return this.#close !== undefined;
  }

  async start(): Promise<void> {
    if (this.up) return;
    this.#close = await this.world.finish(this.open());
  }

  /** From one moment to the next it says and hears nothing; what its last steps would have written is not lost to the disk. */
  async kill(): Promise<void> {
    const close = this.#close;
    if (!close) return;
    this.#close = undefined;
    this.world.network.cut(this.name);
    await this.world.finish(close());
    await this.world.finish(this.#bus?.drain() ?? Promise.resolve());
  }

  protected abstract open(): Promise<() => Promise<void>>;

  protected connect(): Bus {
    this.#bus = this.world.network.connect(this.name);
    return this.#bus;
  }

  protected log(text: string): void {
    this.world.say(this.name, text);
  }
}
