import { connect } from '../contexts/connect.ts';
import type { Outcome } from '../descriptors/outcome.ts';
import { outcomeListing } from '../descriptors/outcome.ts';
import { readWanted } from '../descriptors/plan.ts';
import { exitCodes, Failure } from '../failure.ts';
import { choiceOf, outputOf, patienceOf, type Invocation } from '../invocation.ts';
import { kindOf } from '../listings/kinds.ts';
import type { Root } from '../root/root.ts';
import type { Service } from '../root/views.ts';
import { nameApplications, nameInstances, nameServices } from '../selection/named.ts';
import { pick } from '../selection/pick.ts';
import { printListing } from '../terminal/listing.ts';
import { awaitAll, isGone, type Awaited } from './await-instances.ts';

export interface DeleteOptions { readonly file?: readonly string[]; readonly all?: boolean; readonly wait?: boolean; readonly ignoreNotFound?: boolean }
type Delete = Invocation<readonly [kind: string | undefined, references: readonly string[]], DeleteOptions>;

/** What goes, and how. */
interface Doomed { readonly outcome: Outcome; readonly awaited: readonly Awaited[]; readonly remove: () => Promise<void> }

/** `oak delete KIND REFERENCE...`, `oak delete -f FILE` */
export async function remove(invocation: Delete): Promise<void> {
  const { terminal, options } = invocation;
  const root = await connect(invocation.world, choiceOf(invocation));
  const doomed = options.file === undefined ? await chosen(invocation, root) : await ofFiles(invocation, root, options.file);
  if (doomed.length === 0) terminal.say('nothing to delete');
  for (const { remove: go } of doomed) await go();
  if (options.wait) await awaitAll(root, terminal, doomed.flatMap(({ awaited }) => awaited).filter(({ numbers }) => numbers.length > 0), isGone, patienceOf(invocation));
  const rows = doomed.map(({ outcome }): Outcome => (options.wait ? { ...outcome, result: 'deleted' } : outcome));
  await printListing(terminal, rows, outcomeListing, { output: outputOf(invocation), headers: options.headers });
}

async function chosen({ args: [word, references], options: { all = false, ignoreNotFound = false } }: Delete, root: Root): Promise<Doomed[]> {
  if (word === undefined) throw new Failure(exitCodes.usage, 'say what to delete', 'for example: oak delete service shop/web; or: oak delete -f shop.yaml');
  const kind = kindOf(word);
  if (references.length === 0 && !all) throw new Failure(exitCodes.usage, `say which ${kind}s`, `name them, or write --all for every ${kind}`);
  if (references.length > 0 && all) throw new Failure(exitCodes.usage, '--all and names at once', 'give one of them');
  const candidates = await candidatesOf(kind, root);
  if (all) return candidates;
  return references.flatMap((reference) => {
    try {
      return [pick(kind, reference, candidates)];
    } catch (error) {
      if (ignoreNotFound && error instanceof Failure && error.exitCode === exitCodes.notFound) return [];
      throw error;
    }
  });
}

type Target = Doomed & { readonly name: string; readonly id: string; readonly names: readonly string[] };

async function candidatesOf(kind: ReturnType<typeof kindOf>, root: Root): Promise<Target[]> {
  const services = await root.services();
  switch (kind) {
    case 'application': return nameApplications(await root.applications()).map(({ id, name, names }) => (
      { id, name, names, ...doomed('application', id, name, services.filter(({ applicationID }) => applicationID === id), () => root.removeApplication(id)) }));
    case 'service': return nameServices(services).map(({ id, name, names, service }) => ({ id, name, names, ...doomed('service', id, name, [service], () => root.removeService(id)) }));
    case 'instance': return nameInstances(nameServices(services)).map(({ id, name, names, service, instance }) => ({
      id, name, names, outcome: { kind, name, id, result: 'deleting' }, awaited: [{ serviceId: service.microserviceID, name: name.replace(/\/\d+$/, ''), numbers: [instance.instance_number] }],
      remove: () => root.removeInstances(service.microserviceID, [instance.instance_number]),
    }));
    case 'node':
    case 'cluster':
    case 'runtime': throw new Failure(exitCodes.usage, `a ${kind} can not be deleted here`, kind === 'node' ? 'close it to new instances: oak node cordon NAME' : undefined);
  }
}

function doomed(kind: 'application' | 'service', id: string, name: string, services: readonly Service[], go: () => Promise<void>): Doomed {
  const awaited = services.map((service) => ({ serviceId: service.microserviceID, name: `${service.app_name}/${service.microservice_name}`, numbers: service.instance_list.map((one) => one.instance_number) }));
  return { outcome: { kind, name, id, result: awaited.some(({ numbers }) => numbers.length > 0) ? 'deleting' : 'deleted' }, awaited, remove: go };
}

/** The applications that the files name, whatever else root has put into them. */
async function ofFiles({ world, terminal, args: [word] }: Delete, root: Root, files: readonly string[]): Promise<Doomed[]> {
  if (word !== undefined) throw new Failure(exitCodes.usage, '-f and names at once', 'give one of them');
  const wanted = await readWanted(world, terminal, files);
  const applications = (await root.ownApplications()).filter((one) => wanted.some(({ name }) => name === `${one.application_name}.${one.application_namespace}`));
  return Promise.all(applications.map(async ({ applicationID: id, application_name: name }) => doomed('application', id, name, await root.servicesOf(id), () => root.removeApplication(id))));
}
