import { connect } from '../contexts/connect.ts';
import { readDocuments } from '../descriptors/read-documents.ts';
import { wantedOrFail } from '../descriptors/wanted.ts';
import { warnOf } from '../descriptors/plan.ts';
import { exitCodes, Failure } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import type { Forecast, Verdict } from '../root/views.ts';
import { instancesOf, pickRunning } from '../selection/targets.ts';
import { printBody } from '../terminal/listing.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { amount, plain } from '../terminal/words.ts';
import { explanationLines, placementLines } from './words.ts';

export interface ExplainOptions { readonly file?: readonly string[]; readonly exitCode?: boolean }

/** `oak explain NAME`: why it is where it is. `oak explain -f FILE`: who would take it; places nothing. */
export async function explain(invocation: Invocation<readonly [reference: string | undefined], ExplainOptions>): Promise<number> {
  const { args: [reference], options: { file } } = invocation;
  if ((reference === undefined) === (file === undefined)) throw new Failure(exitCodes.usage, 'say what to explain', 'give either a service or an instance, or -f with a descriptor');
  const root = await connect(invocation.world, choiceOf(invocation));
  return file === undefined ? after(invocation, root, reference ?? '') : before(invocation, root, file);
}

async function after({ terminal, options }: Invocation, root: Root, reference: string): Promise<number> {
  const instances = instancesOf(await pickRunning(root, reference));
  if (instances.length === 0) terminal.say('it has no instances; deploy one: oak scale NAME 1');
  const placements = await Promise.all(instances.map(async ({ name, service, instance }) => ({ name, placement: await root.placement(service.microserviceID, instance.instance_number) })));
  const { output } = options;
  if (output === 'json' || output === 'yaml') await printBody(terminal, placements.map(({ name, placement }) => ({ name, ...placement })), output);
  else for (const { name, placement } of placements) await terminal.print([`${terminal.paint('bold', name)}: ${plain(placement.status)}: ${plain(placement.status_detail)}`, ...placementLines(placement).map((line) => `  ${line}`)].join('\n'));
  return exitCodes.ok;
}

async function before({ world, terminal, options }: Invocation<readonly unknown[], ExplainOptions>, root: Root, files: readonly string[]): Promise<number> {
  const documents = await readDocuments(world, files);
  wantedOrFail(documents, warnOf(terminal));
  const forecasts = await Promise.all(documents.map(({ input }) => root.forecast(input)));
  const microservices = forecasts.flatMap((forecast) => forecast.microservices);
  const { output } = options;
  if (output === 'json' || output === 'yaml') await printBody(terminal, microservices, output);
  else for (const one of microservices) await terminal.print(forecastLines(terminal, one).join('\n'));
  return options.exitCode && microservices.some(({ clusters }) => !clusters.some(({ fits }) => fits)) ? exitCodes.failed : exitCodes.ok;
}

function forecastLines(terminal: Terminal, { name, explanation, clusters }: Forecast['microservices'][number]): string[] {
  const [summary = ''] = explanationLines(explanation);
  return [
    `${terminal.paint('bold', plain(name))}: ${summary}`,
    ...clusters.flatMap((cluster) => [
      `  cluster ${verdictText(terminal, cluster)}`,
      ...(cluster.nodes_unknown === undefined ? [] : [`    nodes unknown: ${plain(cluster.nodes_unknown)}`]),
      ...cluster.nodes.map((node) => `    node ${verdictText(terminal, node)}`),
    ]),
  ];
}

function verdictText(terminal: Terminal, { name, fits, text, score }: Verdict): string {
  const answer = fits ? terminal.paint('green', `yes${score === undefined ? '' : `, score ${amount(score)}`}`) : terminal.paint('red', `no: ${plain(text ?? 'it does not say why')}`);
  return `${plain(name)}: ${answer}`;
}
