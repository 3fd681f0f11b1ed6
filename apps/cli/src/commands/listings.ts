import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addListings(program: Command, act: Act): void {
  act(program.command('get').alias('ls').argument('<kind>', 'applications, services, instances, nodes, clusters or runtimes; also app, svc, inst, n, cl, rt').argument('[name...]', 'only these')
    .summary('list applications, services, instances, nodes, clusters, runtimes').description('Lists what root knows.')
    .option('-a, --app <name>', 'of this application').option('-s, --service <name>', 'of this service').option('--node <name>', 'instances on this node').option('-c, --cluster <name>', 'of this cluster'), async () => (await import('../listings/get.ts')).get);
}
