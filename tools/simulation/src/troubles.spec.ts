import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultsOf } from './faults-of.ts';
import { Installation } from './installation.ts';
import { arbitraryTroubles, suffer, type Trouble } from './troubles.ts';

/** The longest wait of all: a workload that keeps crashing is started again after five minutes at most. */
const patienceMs = 900_000;

async function live(seed: number, troubles: readonly Trouble[]): Promise<{ faults: string[]; said: readonly string[] }> {
  const it = await Installation.open({ seed, clusters: 2, nodes: 2 });
  try {
    for (const trouble of troubles) await suffer(it, trouble);
    await it.mend();
    let faults: string[] = [];
    for (let waited = 0; waited < patienceMs; waited += 15_000) {
      await it.world.pass(15_000);
      faults = await faultsOf(it);
      if (faults.length === 0) break;
    }
    // What is well stays well.
    if (faults.length === 0) await it.world.pass(70_000);
    return { faults: await faultsOf(it), said: it.world.said };
  } finally {
    await it.close();
  }
}

test('whatever happens, when it is over all that shall run runs, once and where root says, and nothing else does', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(), arbitraryTroubles, async (seed, troubles) => {
    const { faults, said } = await live(seed, troubles);
    expect(faults, said.slice(-60).join('\n')).toEqual([]);
  }), { numRuns: Number(process.env['OAK_SIMULATION_RUNS'] ?? 25) });
}, 300_000);
