import { SLA_VERSION } from '@oak/sla';
import { connect } from '../contexts/connect.ts';
import { exitCodes, Failure } from '../failure.ts';
import { awaitAll, isSettled, type Awaited } from '../instances/await-instances.ts';
import { choiceOf, outputOf, patienceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import { printListing } from '../terminal/listing.ts';
import type { Change, Step } from './compare.ts';
import { outcomeListing, type Outcome } from './outcome.ts';
import { planAgainst, readWanted } from './plan.ts';
import type { WantedApplication, WantedMicroservice } from './wanted.ts';

export interface ApplyOptions { readonly file: readonly string[]; readonly deploy: boolean; readonly wait?: boolean }

/** `oak apply -f FILE`: creates what is missing, one instance of each new microservice with it, and updates what differs. */
export async function apply(invocation: Invocation<readonly [], ApplyOptions>): Promise<number> {
  const { world, terminal, options } = invocation;
  const wanted = await readWanted(world, terminal, options.file);
  const root = await connect(world, choiceOf(invocation));
  const outcomes: Outcome[] = [];
  for (const step of await planAgainst(root, wanted)) outcomes.push(...await take(root, step, options.deploy));
  await printListing(terminal, outcomes, outcomeListing, { output: outputOf(invocation), headers: options.headers });
  const waited = outcomes.flatMap(({ kind, id, name, instances = [] }): Awaited[] => (kind === 'service' && instances.length > 0 ? [{ serviceId: id, name, numbers: instances }] : []));
  if (options.wait && waited.length > 0) await awaitAll(root, terminal, waited, isSettled, patienceOf(invocation));
  return outcomes.some(({ result }) => result === 'failed') ? exitCodes.failed : exitCodes.ok;
}

/** What fails does not keep the rest from being done. */
async function take(root: Root, step: Step, deploy: boolean): Promise<Outcome[]> {
  switch (step.kind) {
    case 'same': return [{ kind: step.noun, name: step.name, id: step.id, result: 'unchanged' }];
    case 'changed': return attempt(step.noun, step.name, async () => {
      await root.change(step.noun, step.id, step.body);
      return [{ kind: step.noun, name: step.name, id: step.id, result: 'updated', detail: step.changes.map(changeText).join('; ') }];
    });
    case 'create': return attempt('application', step.application.parsed.application_name, () => create(root, step.application, deploy));
    case 'add': return attempt('service', serviceName(step.application, step.microservice), async () => {
      const [id] = await root.add(descriptorOf(step.application, step.applicationId, [step.microservice]));
      if (id === undefined) throw new Failure(exitCodes.failed, 'root does not say the id of the new microservice');
      return [await deployed(root, step.application, step.microservice, id, deploy)];
    });
  }
}

async function attempt(kind: Outcome['kind'], name: string, act: () => Promise<Outcome[]>): Promise<Outcome[]> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode === exitCodes.unreachable || error.exitCode === exitCodes.notAllowed) throw error;
    return [{ kind, name, id: '', result: 'failed', detail: [error.message, ...error.faults.map(({ path, message, remedy }) => `${path}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`)].join(' ') }];
  }
}

async function create(root: Root, application: WantedApplication, deploy: boolean): Promise<Outcome[]> {
  const all = await root.create(descriptorOf(application, '', application.microservices));
  const made = all.find((one) => `${one.application_name}.${one.application_namespace}` === application.name);
  if (!made) throw new Failure(exitCodes.failed, `root does not list application ${application.name} after making it`);
  const services = await root.servicesOf(made.applicationID);
  const outcomes: Outcome[] = [{ kind: 'application', name: made.application_name, id: made.applicationID, result: 'created' }];
  for (const microservice of application.microservices) {
    const id = services.find((one) => `${one.microservice_name}.${one.microservice_namespace}` === microservice.name)?.microserviceID;
    if (id !== undefined) outcomes.push(...await attempt('service', serviceName(application, microservice), async () => [await deployed(root, application, microservice, id, deploy)]));
  }
  return outcomes;
}

async function deployed(root: Root, application: WantedApplication, microservice: WantedMicroservice, id: string, deploy: boolean): Promise<Outcome> {
  const made: Outcome = { kind: 'service', name: serviceName(application, microservice), id, result: 'created' };
  return deploy ? { ...made, instances: await root.deploy(id, 1) } : made;
}

const serviceName = ({ parsed }: WantedApplication, microservice: WantedMicroservice): string => `${parsed.application_name}/${microservice.parsed.microservice_name}`;

function descriptorOf({ raw }: WantedApplication, applicationID: string, microservices: readonly WantedMicroservice[]): unknown {
  return { sla_version: SLA_VERSION, applications: [{ ...raw, applicationID, microservices: microservices.map((one) => one.raw) }] };
}

export function changeText({ field, root, file }: Change): string {
  return `${field}: root has ${shown(root)}, the file ${shown(file)}`;
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
