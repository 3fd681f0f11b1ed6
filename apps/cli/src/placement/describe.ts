import { connect } from '../contexts/connect.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { instanceColumns, isGood, statusColour, statusOf, summary } from '../listings/columns.ts';
import type { Root } from '../root/root.ts';
import { nameInstances, nameServices, type NamedApplication, type NamedInstance, type NamedService } from '../selection/named.ts';
import { pickAny, pickRunning, type Target } from '../selection/targets.ts';
import { printBody, printListing } from '../terminal/listing.ts';
import { sheet } from '../terminal/sheet.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { amount, mebibytes, milliseconds, plain, since } from '../terminal/words.ts';
import { placementLines } from './words.ts';

type Describe = Invocation<readonly [reference: string]>;

/** `oak describe NAME`: all that is known of an application, a service or an instance. */
export async function describe(invocation: Describe): Promise<void> {
  const root = await connect(invocation.world, choiceOf(invocation));
  await tell(invocation, root, await pickAny(root, invocation.args[0]));
}

/** Oakestra's `oak service inspect SERVICE [NUMBER]` */
export async function inspect(invocation: Invocation<readonly [service: string, number: number | undefined]>): Promise<void> {
  const root = await connect(invocation.world, choiceOf(invocation));
  const [service, number] = invocation.args;
  await tell({ ...invocation, args: [service] }, root, await pickRunning(root, number === undefined ? service : `${service}/${number}`));
}

async function tell(invocation: Describe, root: Root, target: Target): Promise<void> {
  const { terminal, options: { output } } = invocation;
  if (output === 'json' || output === 'yaml') return printBody(terminal, bodyOf(target), output);
  if (output === 'name') return terminal.print(target.name);
  switch (target.kind) {
    case 'application': return tellApplication(invocation, root, target);
    case 'service': return tellService(invocation, root, target);
    case 'instance': return tellInstance(invocation, root, target);
  }
}

function bodyOf(target: Target): unknown {
  switch (target.kind) {
    case 'application': return target.application;
    case 'service': return target.service;
    case 'instance': return target.instance;
  }
}

async function tellApplication({ terminal }: Describe, root: Root, { name, id, application }: NamedApplication): Promise<void> {
  const services = nameServices(await root.servicesOf(id));
  await terminal.print(sheet([
    ['Application', `${name} (${id})`], ['Namespace', application.application_namespace], ['Description', plain(application.application_desc)], ['Callable by', application.network_policy],
    ['Owner', application.userId ?? undefined], ['Services', services.map((one) => `${one.name}: ${summary(one.service)}`).join('\n') || 'none'],
  ]));
}

async function tellService({ world, terminal }: Describe, root: Root, named: NamedService): Promise<void> {
  const { name, id, service } = named;
  const { vcpus, memory, addresses } = service;
  const closest = ['closest_ip', 'closest_ip_v6'].map((field) => addresses?.[field]).filter((value) => typeof value === 'string').join(', ');
  await terminal.print(sheet([
    ['Service', `${name} (${id})`], ['Job name', service.job_name], ['Runtime', plain(service.virtualization)], ['Image', plain(service.code)],
    ['Size', `${vcpus === 0 ? 'no limit of' : amount(vcpus)} vCPU, ${memory === 0 ? 'no limit of memory' : mebibytes(memory)}`], ['Ports', plain(service.port)],
    ['Address', [service.RR_ip, service.RR_ip_v6].filter(Boolean).join(', ')], ['Closest', closest], ['Instances', summary(service)],
  ]));
  const instances = nameInstances([named]);
  await printListing(terminal, instances, { columns: instanceColumns(world.now()), name: (one) => one.name, body: (one) => one.instance }, { output: 'table', headers: true });
  for (const one of instances.filter(({ instance }) => !isGood(instance))) await tellWhy(terminal, root, one);
}

async function tellInstance({ world, terminal }: Describe, root: Root, named: NamedInstance): Promise<void> {
  const { name, id, instance, service } = named;
  const now = world.now();
  const phases = Object.entries(instance.phases_ms ?? {}).map(([phase, ms]) => `${phase} ${milliseconds(ms)}`).join(', ');
  await terminal.print(sheet([
    ['Instance', `${name} (${id})`], ['Status', `${terminal.paint(statusColour(instance.status), statusOf(instance))}: ${plain(instance.status_detail)}`],
    ['Node', instance.node ? `${instance.cluster ?? '?'}/${instance.node}${instance.host_ip ? ` at ${instance.host_ip}` : ''}` : undefined],
    ['Runtime', [instance.virtualization ?? service.virtualization, instance.route].filter(Boolean).map((text) => plain(text ?? '')).join(' by ')], ['Image', plain(service.code)],
    ['Address', [instance.instance_ip, instance.instance_ip_v6].filter(Boolean).join(', ')], ['On the node', [instance.namespace_ip, instance.namespace_ip_v6].filter(Boolean).join(', ')],
    ['Ports', plain(service.port)], ['Startup', phases], ['Started', instance.started_at ? `${since(now, instance.started_at)} ago` : undefined], ['Created', `${since(now, instance.created_at)} ago`],
    ['Restarts', instance.restarts > 0 ? String(instance.restarts) : undefined], ['Placed', instance.attempt > 0 ? `${instance.attempt + 1} times` : undefined], ['Exit code', instance.exit_code === null || instance.exit_code === undefined ? undefined : String(instance.exit_code)],
  ]));
  await tellWhy(terminal, root, named);
}

async function tellWhy(terminal: Terminal, root: Root, { name, service, instance }: NamedInstance): Promise<void> {
  const lines = placementLines(await root.placement(service.microserviceID, instance.instance_number));
  const waits = isGood(instance) ? '' : `${instance.status}: ${plain(instance.status_detail)}`;
  if (lines.length > 0) await terminal.print([`Why ${name} is ${waits === '' ? 'there' : waits}`, ...lines.map((line) => `  ${line}`)].join('\n'));
}
