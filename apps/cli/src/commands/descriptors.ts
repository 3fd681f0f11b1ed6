import type { Command } from 'commander';
import type { Act } from './act.ts';
import { fileOption, waitOption } from './values.ts';

export function addDescriptors(program: Command, act: Act): void {
  act(program.command('validate').addOption(fileOption().makeOptionMandatory()).summary('check a descriptor, asking nobody')
    .description('Checks descriptors without asking anybody: all faults at once, each with its field and what would be right. Unknown fields are warnings.'), async () => (await import('../descriptors/validate.ts')).validate);
  act(program.command('apply').addOption(fileOption().makeOptionMandatory()).summary('create what a descriptor holds and root has not')
    .description('Creates the applications and microservices that root does not have yet, and deploys one instance of each new microservice. What is there and the same stays as it is. What is there and differs is updated: instances are replaced one after the other, a new one answers before an old one goes, and when it does not come up, all is as before. How far that is, tells `oak get service NAME -o json` (rollout).')
    .option('--no-deploy', 'create only, deploy nothing').addOption(waitOption('all new instances are ready')), async () => (await import('../descriptors/apply.ts')).apply);
  act(program.command('diff').addOption(fileOption().makeOptionMandatory()).summary('what apply would do')
    .description('Shows what `oak apply` would create (+), what is the same (=) and what it would update (~). Changes nothing.')
    .option('--exit-code', 'exit with 1 when there is any difference'), async () => (await import('../descriptors/diff.ts')).diff);
}
