import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { execa } from 'execa';
import { checkout } from './apps.ts';
import { enter } from './host.ts';
import { openLab } from './open-lab.ts';
import { startLab } from './start-lab.ts';
import { labStatus, type LabStatus } from './status.ts';
import { takeDown } from './take-down.ts';
import { type AppName, appNames } from './topology.ts';
import { interruption, untilInterrupted } from './until-interrupted.ts';

const program = new Command('lab').description('A whole installation on this machine, each host in namespaces of its own. Needs root.').enablePositionalOptions();

interface Place {
  readonly dir: string;
}
const command = (usage: string, description: string): Command =>
  program.command(usage).description(description).option('--dir <folder>', 'folder of the lab', join(tmpdir(), 'oak-lab'));

const wholeNumber = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('not a whole number');
  return Number(text);
};

command('up', 'start a lab; without --keep it goes down with Ctrl-C')
  .option('--clusters <number>', 'clusters', wholeNumber, 1)
  .option('--nodes <number>', 'nodes in each cluster', wholeNumber, 1)
  .option('--runtimes <names...>', 'handlers of each containerd (runc, crun, runsc)')
  .addOption(new Option('--containerd <version>', 'containerd of the nodes').choices(['1.6', '2.3']).default('1.6'))
  .addOption(new Option('--without <apps...>', 'apps that are not started').choices(appNames))
  .option('--apps <folder>', "another checkout's apps folder, built")
  .option('--keep', 'end this command, leave the lab')
  .option('--no-build', 'run the apps as they were built last')
  .action(up);

command('down', 'end a lab and leave nothing of it, also after a crash').action(({ dir }: Place) => takeDown(dir));

command('status', 'what runs').option('--json', 'the record and what of it lives').action(async ({ dir, json }: Place & { json?: boolean }) => {
  const status = await labStatus(dir);
  if (status === undefined) throw new Error(`there is no lab in ${dir}`);
  console.log(json ? JSON.stringify(status, null, 2) : statusText(status));
});

command('exec <host> <command...>', 'run a command on a host').passThroughOptions().action(async (host: string, argv: string[], { dir }: Place) => {
  const [first = '', ...args] = [...enter((await openLab(dir)).host(host).init), ...argv];
  const { exitCode } = await execa(first, args, { stdio: 'inherit', reject: false });
  process.exitCode = exitCode ?? 1;
});

command('logs [host]', 'what the programs of a host, or of all, have said').action(async (name: string | undefined, { dir }: Place) => {
  const lab = await openLab(dir);
  for (const host of name === undefined ? lab.record.hosts : [lab.host(name)]) {
    for (const { name: app, log } of host.programs) {
      for (const line of (await readFile(log, 'utf8')).trimEnd().split('\n')) console.log(`${host.name} ${app}: ${line}`);
    }
  }
});

interface UpOptions extends Place {
  clusters: number;
  nodes: number;
  runtimes?: string[];
  containerd: '1.6' | '2.3';
  without?: AppName[];
  apps?: string;
  keep?: boolean;
  build: boolean;
}

async function up({ dir, clusters, nodes, runtimes, containerd, without = [], apps, keep, build }: UpOptions): Promise<void> {
  // From here on, so that Ctrl-C in the middle of a start takes down what there is.
  const interrupted = interruption();
  if (build && apps === undefined) await buildApps(interrupted);
  const lab = await startLab({
    dir, clusters, nodes, without, signal: interrupted, ...(apps !== undefined && { apps }), node: () => ({ containerd, ...(runtimes && { runtimes }) }),
  });
  const status = await labStatus(lab.dir);
  if (status !== undefined) console.log(statusText(status));
  if (keep) return console.log(`It stays. To end it: npm run lab -- down --dir ${lab.dir}`);
  console.log('Ctrl-C ends it.');
  await untilInterrupted(interrupted);
  await lab.down();
}

async function buildApps(signal: AbortSignal): Promise<void> {
  const projects = appNames.map((app) => `@oak/${app}`).join(',');
  await execa('nx', ['run-many', '-t', 'build', '-p', projects], { cwd: checkout, preferLocal: true, localDir: checkout, stdout: 'ignore', stderr: 'inherit', cancelSignal: signal });
}

function statusText(status: LabStatus): string {
  const hosts = status.hosts.filter(({ role }) => role !== 'switch').map((host) => {
    const programs = host.programs.map(({ name, alive, process: { pid } }) => `${name} ${alive ? pid : 'ended'}`);
    return `  ${host.name.padEnd(8)} ${host.address.padEnd(14)} ${host.alive ? programs.join(', ') : 'off'}`;
  });
  return [`lab ${status.dir}`, `  REST     ${status.restUrl ?? 'none'}   login: ${status.credentialsFile ?? 'none'}`, ...hosts].join('\n');
}

program.parseAsync().catch((error: unknown) => {
  console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
