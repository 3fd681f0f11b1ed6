import { connect } from '../contexts/connect.ts';
import { choiceOf, outputOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import { nameApplications, nameClusters, nameInstances, nameServices } from '../selection/named.ts';
import { pickNode } from '../selection/pick-node.ts';
import { pick } from '../selection/pick.ts';
import type { Candidate } from '../selection/select.ts';
import { printListing, type Listing } from '../terminal/listing.ts';
import { applicationColumns, clusterColumns, instanceColumns, nodeColumns, runtimeColumns, serviceColumns, type NamedRuntime } from './columns.ts';
import { kindOf, type Kind } from './kinds.ts';
import { instancesWithin, nodesWithin, tellSilent, type PlaceOptions } from './places.ts';

export interface GetOptions extends PlaceOptions { readonly app?: string; readonly service?: string }
type Get = Invocation<readonly [kind: string, references: readonly string[]], GetOptions>;

/** `oak get KIND [REFERENCE...]` */
export async function get(invocation: Get): Promise<void> {
  const kind = kindOf(invocation.args[0]);
  const root = await connect(invocation.world, choiceOf(invocation));
  await shows[kind](invocation, root);
}

const shows: Readonly<Record<Kind, (invocation: Get, root: Root) => Promise<void>>> = {
  application: async (get, root) => show(get, 'application', nameApplications(await root.applications()), { columns: applicationColumns, name: ({ name }) => name, body: ({ application }) => application }),
  service: async (get, root) => show(get, 'service', within(get.options, nameServices(await root.services())), { columns: serviceColumns, name: ({ name }) => name, body: ({ service }) => service }),
  instance: async (get, root) => show(get, 'instance', await instances(get, root), { columns: instanceColumns(get.world.now()), name: ({ name }) => name, body: ({ instance }) => instance }),
  cluster: async (get, root) => show(get, 'cluster', nameClusters(await root.clusters()), { columns: clusterColumns(get.world.now()), name: ({ name }) => name, body: ({ cluster }) => cluster }),
  node: async (get, root) => {
    const { nodes, silent } = await nodesWithin(get.options, root);
    tellSilent(get.terminal, silent);
    await show(get, 'node', nodes, { columns: nodeColumns(get.world.now()), name: ({ name }) => name, body: ({ node }) => node }, (reference) => pickNode(reference, nodes, silent));
  },
  runtime: async (get, root) => {
    const { nodes, silent } = await nodesWithin(get.options, root);
    tellSilent(get.terminal, silent);
    const all = nodes.flatMap((node) => node.node.runtimes.map((runtime): NamedRuntime & Candidate => (
      { node, runtime, id: `${node.name}/${runtime.virtualization}`, name: `${node.name}/${runtime.virtualization}`, names: [] })));
    const wanted = get.args[1];
    const chosen = wanted.length === 0 ? all : all.filter(({ runtime }) => wanted.includes(runtime.virtualization));
    await show({ ...get, args: [get.args[0], []] }, 'runtime', chosen, { columns: runtimeColumns, name: ({ name }) => name, body: ({ node, runtime }) => ({ cluster: node.node.cluster, node: node.node.name, ...runtime }) });
  },
};

async function show<C extends Candidate>({ terminal, args, options, ...rest }: Get, noun: string, candidates: readonly C[], listing: Listing<C>, choose = (reference: string): C => pick(noun, reference, candidates)): Promise<void> {
  const [, references] = args;
  const chosen = references.length === 0 ? candidates : references.map(choose);
  if (chosen.length === 0) terminal.say(`no ${noun}s`);
  await printListing(terminal, chosen, listing, { output: outputOf({ terminal, args, options, ...rest }), headers: options.headers, single: references.length === 1 });
}

function within<C extends { readonly service: { readonly applicationID: string; readonly app_name: string; readonly app_ns: string } }>({ app }: GetOptions, services: readonly C[]): readonly C[] {
  if (app === undefined) return services;
  const applications = services.map(({ service: { applicationID: id, app_name: name, app_ns: namespace } }) => ({ id, name, names: [name, `${name}.${namespace}`] }));
  const { id } = pick('application', app, [...new Map(applications.map((one) => [one.id, one])).values()]);
  return services.filter(({ service }) => service.applicationID === id);
}

async function instances({ options }: Get, root: Root) {
  const services = within(options, nameServices(await root.services()));
  const chosen = options.service === undefined ? services : [pick('service', options.service, services)];
  return instancesWithin(options, root, nameInstances(chosen));
}
