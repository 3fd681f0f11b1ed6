import fc from 'fast-check';
import type { Installation } from './installation.ts';

/** One thing that users or the world do. `at`: a number that picks whom it meets. */
export type Trouble =
  | { readonly kind: 'deploy'; readonly count: number }
  | { readonly kind: 'remove' | 'cut' | 'heal' | 'power-off' | 'kill' | 'start' | 'crash'; readonly at: number }
  /** Shares of the messages that are lost, and that come twice, late and out of order. */
  | { readonly kind: 'weather'; readonly lost: number; readonly late: number }
  | { readonly kind: 'pass'; readonly ms: number };

const picked = (kind: 'remove' | 'cut' | 'heal' | 'power-off' | 'kill' | 'start' | 'crash') => fc.record({ kind: fc.constant(kind), at: fc.nat(1_000) });

export const arbitraryTroubles: fc.Arbitrary<Trouble[]> = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deploy' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 300, 2_000, 6_000, 20_000, 80_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('weather' as const), lost: fc.constantFrom(0, 0.1, 0.4), late: fc.constantFrom(0, 0.3, 1) }) },
  picked('remove'), picked('cut'), picked('heal'), picked('power-off'), picked('kill'), picked('start'), picked('crash'),
), { minLength: 3, maxLength: 25 });

export async function suffer(it: Installation, trouble: Trouble): Promise<void> {
  switch (trouble.kind) {
    case 'deploy': if (it.root.up) await it.root.deploy(trouble.count); return;
    case 'remove': if (it.root.up) await it.root.remove(pick(await it.root.instances(), trouble.at).map(({ id }) => id)); return;
    case 'cut': for (const { name } of pick([...it.clusters, ...it.nodes], trouble.at)) it.cut(name); return;
    case 'heal': for (const { name } of pick([...it.clusters, ...it.nodes], trouble.at)) it.heal(name); return;
    case 'power-off': for (const node of pick(it.nodes, trouble.at)) await node.powerOff(); return;
    case 'kill': for (const process of pick(it.processes(), trouble.at)) await process.kill(); return;
    case 'start': for (const process of pick(it.processes(), trouble.at)) await process.start(); return;
    case 'crash': for (const node of pick(it.nodes, trouble.at)) for (const id of pick(await node.running(), trouble.at)) node.crash(id); return;
    case 'weather': return weather(it, trouble);
    case 'pass': return it.world.pass(trouble.ms);
  }
}

function weather({ world: { network, random } }: Installation, { lost, late }: { lost: number; late: number }): void {
  network.passes = () => random.next() >= lost;
  network.copies = () => (random.next() < late ? [random.next() * 300, random.next() * 3_000] : [0]);
}

function pick<T>(from: readonly T[], at: number): T[] {
  return from.length === 0 ? [] : [from[at % from.length]!];
}
