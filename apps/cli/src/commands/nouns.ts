import { Argument, type Command } from 'commander';
import { exitCodes, Failure } from '../failure.ts';
import type { GetOptions } from '../listings/get.ts';
import type { Kind } from '../listings/kinds.ts';
import type { Invocation } from '../invocation.ts';
import type { Act } from './act.ts';
import { positive, waitOption, wholeNumber } from './values.ts';

/** Nouns first, as Oakestra's own command line has it; the same deeds. */
export function addNouns(program: Command, act: Act): void {
  addApplication(program, act);
  addService(program, act);

  const cluster = program.command('cluster').alias('cl').description('Clusters.');
  list(cluster, act, 'cluster').option('-a, --all', 'as it always does');
  act(cluster.command('info').alias('i').argument('<name>').description('All about one cluster.'), async () => (await import('../nodes/describe-node.ts')).describeCluster);

  const node = program.command('node').alias('n').description('Nodes.');
  list(node, act, 'node').option('-c, --cluster <name>', 'of this cluster');
  act(node.command('describe').alias('info').argument('<name>').description('All about one node.'), async () => (await import('../nodes/describe-node.ts')).describeNode);
  act(node.command('cordon').argument('<name...>').description('Close nodes to new instances. What runs there stays.'), async () => (await import('../nodes/cordon.ts')).cordon);
  act(node.command('uncordon').argument('<name...>').description('Open nodes again.'), async () => (await import('../nodes/cordon.ts')).uncordon);

  const runtime = program.command('runtime').alias('rt').description('Runtimes of the nodes.');
  list(runtime, act, 'runtime').option('-c, --cluster <name>', 'of this cluster');
}

function addApplication(program: Command, act: Act): void {
  const application = program.command('application').alias('app').alias('a').description('Applications.');
  list(application, act, 'application');
  act<readonly [string | undefined], { file?: string; deploy?: boolean; wait?: boolean }>(
    application.command('create').alias('c').argument('[file]', 'descriptor').option('-f, --file <path>', 'descriptor').option('-d, --deploy', 'deploy one instance of each microservice').addOption(waitOption('all new instances are ready'))
      .description('Create what a descriptor holds; deploys nothing without -d.'),
    async () => {
      const { apply } = await import('../descriptors/apply.ts');
      return (invocation) => {
        const { args: [path], options } = invocation;
        const file = path ?? options.file;
        if (file === undefined) throw new Failure(exitCodes.usage, 'say which descriptor', 'give a file, a folder, or - for stdin');
        return apply({ ...invocation, args: [], options: { ...options, file: [file], deploy: options.deploy ?? false } });
      };
    });
  act<readonly [readonly string[]], { all?: boolean; wait?: boolean; ignoreNotFound?: boolean }>(
    application.command('delete').alias('del').alias('rm').alias('d').argument('[name...]').option('--all', 'every one').addOption(waitOption('all of it is gone')).description('Stop and remove applications.'),
    async () => {
      const { remove } = await import('../instances/delete.ts');
      return (invocation) => remove({ ...invocation, args: ['application', invocation.args[0]] });
    });
}

function addService(program: Command, act: Act): void {
  const service = program.command('service').alias('svc').alias('s').description('Services.');
  list(service, act, 'service').option('-n, --app <name>', 'of this application');
  act(service.command('inspect').alias('i').argument('<service>').argument('[number]', 'of an instance', wholeNumber).description('All about a service, or one of its instances.'), async () => (await import('../placement/describe.ts')).inspect);
  act(service.command('logs').argument('<service>').argument('[number]', 'of an instance', wholeNumber).option('-f, --follow', 'go on while it runs').option('-n, --tail <lines>', 'only the last lines of each stream', wholeNumber)
    .description('What instances have written.'), async () => (await import('../instances/logs.ts')).logs);
  act(service.command('deploy').alias('d').argument('<service>').argument('[count]', 'how many more', positive, 1).addOption(waitOption('they are ready')).description('Deploy more instances.'), async () => (await import('../instances/scale.ts')).deployMore);
  act(service.command('undeploy').alias('u').alias('down').argument('<service>').argument('[number]', 'of one instance; all if not given', wholeNumber).addOption(waitOption('they are gone')).description('Stop instances; the service stays.'), async () => (await import('../instances/scale.ts')).undeploy);
  act(service.command('scale').addArgument(new Argument('<direction>').choices(['up', 'down'])).argument('<service>').argument('<count>', 'how many more or fewer', positive).addOption(waitOption('the new ones are ready, or the stopped ones are gone'))
    .description('More or fewer instances.'), async () => (await import('../instances/scale.ts')).scaleBy);
}

function list(noun: Command, act: Act, kind: Kind): Command {
  const command = noun.command('ls').alias('list').alias('show').argument('[name...]', 'only these').description('List them.');
  return act<readonly [readonly string[]], GetOptions>(command, async () => {
    const { get } = await import('../listings/get.ts');
    return (invocation: Invocation<readonly [readonly string[]], GetOptions>) => get({ ...invocation, args: [kind, invocation.args[0]] });
  });
}
