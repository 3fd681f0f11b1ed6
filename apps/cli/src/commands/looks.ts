import { Argument, Option, type Command } from 'commander';
import { shells } from '../completion/scripts.ts';
import type { Act } from './act.ts';
import { duration, fileOption, positive, wholeNumber } from './values.ts';

export function addLooks(program: Command, act: Act): void {
  act(program.command('describe').argument('<name>', 'an application, a service or an instance').summary('all about one of them')
    .description('All that is known of an application, a service or an instance: status and its detail, addresses, how long each phase of its start took, and why it is where it is.'), async () => (await import('../placement/describe.ts')).describe);
  act(program.command('explain').argument('[name]', 'a service or an instance').summary('why it is where it is, or who would take it')
    .description('Of a service or an instance: why it is where it is, or why it waits. Of a descriptor: who would take it and why not the others; places nothing.')
    .addOption(fileOption()).option('--exit-code', 'with -f: exit with 1 when nobody would take one of them'), async () => (await import('../placement/explain.ts')).explain);
  act(program.command('logs').argument('<name>', 'a service or an instance').summary('what instances have written')
    .description('What instances have written to stdout and stderr. Of several instances, each line has the name before it.')
    .option('-f, --follow', 'go on while they run').option('-n, --tail <lines>', 'only the last lines of each stream', wholeNumber).option('--prefix', 'the name before each line').option('--no-prefix', 'no name before any line'), async () => (await import('../instances/logs.ts')).logs);
  act(program.command('events').summary('what changes, as it changes')
    .description('Changes of instances, clusters and nodes as they happen, until Ctrl-C, --count or --for. Root keeps no list of what was before; --after goes on where an earlier call ended. With -o json, one object on each line.')
    .option('-f, --follow', 'as it always does').option('-a, --app <name>', 'of this application').option('-s, --service <name>', 'of this service').addOption(new Option('--type <type>').choices(['instance', 'cluster', 'node']))
    .option('-n, --count <number>', 'end after so many', positive).option('--for <duration>', 'end after this time', duration).option('--after <id>', 'those after the event of this id'), async () => (await import('../instances/events.ts')).events);
}

export function addSupport(program: Command, act: Act): void {
  act(program.command('doctor').summary('what is wrong, and what to do')
    .description('Checks configuration, root, clocks, login, clusters, nodes, runtimes and instances. Each fault comes with what to do. Exits with 1 when there is one.')
    .option('--strict', 'warnings count too'), async () => (await import('../doctor/doctor.ts')).doctor);
  act(program.command('version').alias('v').description('The version of this oak and of root, and a warning when they do not fit.').option('--client', 'of this oak alone, asking nobody'), async () => (await import('../doctor/version.ts')).version);
  act<readonly [keyof typeof import('../completion/scripts.ts').scripts], object>(
    program.command('completion').addArgument(new Argument('<shell>').choices(shells)).description('A script that lets a shell complete commands, options and live names.'),
    async () => (await import('../completion/print-script.ts')).printScript);
}
