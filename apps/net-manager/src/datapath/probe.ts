import { printServiceChain, rulesOf } from './chains.ts';
import type { Abilities } from './kernel.ts';
import { tableName, tunnels } from './names.ts';
import type { Run } from './run.ts';
import { tableScript } from './table.ts';

export interface Probed {
  readonly can: Abilities;
  /** What is missing, for people. */
  readonly problems: readonly string[];
}

const options = { bridge: 'oak0', tunnelPort: 50_103, services: true } as const;

/** Two services as they are, for whatever the kernel lacks is lacking for them. */
const sampleService = (['inc', 'hash'] as const).flatMap((mode, offset) => {
  const id = '0'.repeat(24);
  const chain = printServiceChain({ role: 's', id, offset, slots4: 1, slots6: 1, mode });
  return [`add counter inet ${tableName} n_${id}`, `add chain inet ${tableName} ${chain}`, ...(rulesOf(chain) ?? []).map((rule) => `add rule inet ${tableName} ${chain} ${rule}`)];
});

const trials: Readonly<Record<keyof Abilities, { readonly lacking: string; readonly program: string; readonly script: readonly string[] }>> = {
  services: { lacking: 'can not spread connections over instances (nf_tables with nft_numgen, nft_hash, nft_fib_inet, nft_nat, nft_ct)', program: 'nft -f -', script: [...tableScript('inet', options), ...sampleService] },
  guard: { lacking: 'can not guard its instances from each other (nf_tables for bridges)', program: 'nft -f -', script: tableScript('bridge', options) },
  tunnels: { lacking: 'can not make tunnels to other nodes (vxlan)', program: 'ip -batch -', script: [`link add name ${tunnels[4]} type vxlan id 1 dstport ${options.tunnelPort} nolearning`] },
};

/** Tries everything in a network namespace that goes away with the trial. */
export async function probe(run: Run): Promise<Probed> {
  const results = await Promise.all((['services', 'guard', 'tunnels'] as const).map(async (ability) => {
    const { lacking, program, script } = trials[ability];
    const { code, stderr } = await run('unshare', ['--net', '/bin/sh', '-c', `exec ${program}`], `${script.join('\n')}\n`);
    return { ability, problem: code === 0 ? undefined : `this kernel ${lacking}: ${stderr.trim().split('\n')[0] ?? ''}` };
  }));
  const can = (ability: keyof Abilities) => results.some((result) => result.ability === ability && result.problem === undefined);
  return { can: { services: can('services'), guard: can('guard'), tunnels: can('tunnels') }, problems: results.flatMap(({ problem }) => (problem === undefined ? [] : [problem])) };
}
