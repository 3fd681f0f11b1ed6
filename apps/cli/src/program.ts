import { Command, Option } from 'commander';
import { addAccess } from './commands/access.ts';
import { actIn } from './commands/act.ts';
import { addChanges } from './commands/changes.ts';
import { addDescriptors } from './commands/descriptors.ts';
import { addListings } from './commands/listings.ts';
import { addLooks, addSupport } from './commands/looks.ts';
import { addNouns } from './commands/nouns.ts';
import { duration } from './commands/values.ts';
import { exitCodes } from './failure.ts';
import { outputs } from './terminal/listing.ts';
import type { World } from './world.ts';

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done', failed: 'failed, refused, or done in part', usage: 'wrong usage, or a name that can mean several', notFound: 'not found', notAllowed: 'not logged in, or not allowed',
  unreachable: 'root can not be reached, or does not answer', timedOut: 'not there yet when --wait lost its patience', interrupted: 'Ctrl-C',
};
export const exitCodeText = Object.entries(meanings).map(([name, meaning]) => `  ${String(exitCodes[name as keyof typeof exitCodes]).padEnd(4)} ${meaning}`).join('\n');

/** All commands. `ended` hears the exit code of the one that ran. */
export function makeProgram(world: World, ended: (exitCode: number) => void): Command {
  const program = new Command('oak')
    .description('Deploys and watches applications of an Oakestra installation.')
    .exitOverride().configureOutput({ writeOut: (text) => { world.stdout.write(text); }, writeErr: (text) => { world.stderr.write(text); }, getOutHelpWidth: () => world.stdout.columns ?? 100, getErrHelpWidth: () => world.stderr.columns ?? 100 })
    .showHelpAfterError('(see --help)')
    .option('--context <name>', 'the installation to use (or OAK_CONTEXT)')
    .option('--url <address>', 'address of root, instead of that of the context (or OAK_URL)')
    .addOption(new Option('-o, --output <format>', 'how to print: json and yaml have the shape of the API').choices(outputs))
    .option('-q, --quiet', 'print names only, as -o name')
    .option('--no-headers', 'tables without their first line')
    .option('--timeout <duration>', 'give up after 500ms, 30s, 2m or 1h; with --wait it is its patience', duration)
    .addHelpText('after', `\nNames: an id, app, app/service, app/service/0, a job name, or the beginning of one of these if only one begins so.\n\nExit codes:\n${exitCodeText}`);
  const act = actIn(world, ended);
  for (const add of [addAccess, addDescriptors, addListings, addLooks, addChanges, addNouns, addSupport]) add(program, act);
  return program;
}
