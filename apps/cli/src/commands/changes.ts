import type { Command } from 'commander';
import type { Act } from './act.ts';
import { fileOption, waitOption } from './values.ts';

export function addChanges(program: Command, act: Act): void {
  act(program.command('delete').alias('rm').argument('[kind]', 'application, service or instance').argument('[name...]')
    .summary('stop and remove applications, services or instances').description('Stops and removes applications, services or instances, or the applications of a descriptor. Everything of a kind goes only by --all.')
    .addOption(fileOption()).option('--all', 'every one of this kind').addOption(waitOption('all of it is gone')).option('--ignore-not-found', 'what is not there is no failure'), async () => (await import('../instances/delete.ts')).remove);
}
