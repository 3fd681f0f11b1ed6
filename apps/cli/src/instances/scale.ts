import { connect } from '../contexts/connect.ts';
import { outcomeListing, type Outcome } from '../descriptors/outcome.ts';
import { exitCodes, Failure } from '../failure.ts';
import { choiceOf, outputOf, patienceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import type { NamedService } from '../selection/named.ts';
import { pickService } from '../selection/targets.ts';
import { printListing } from '../terminal/listing.ts';
import { awaitAll, isGone, isSettled } from './await-instances.ts';

export interface WaitOptions { readonly wait?: boolean }
type Change = { readonly kind: 'none' } | { readonly kind: 'deploy'; readonly count: number } | { readonly kind: 'stop'; readonly numbers: readonly number[] };

/** What makes it `wanted` instances: more of them, or the newest go. Those that are being stopped count no more. */
export function planScale(instances: readonly { readonly instance_number: number; readonly stopping: boolean }[], wanted: number): Change {
  const staying = instances.filter(({ stopping }) => !stopping).map((one) => one.instance_number).sort((a, b) => a - b);
  if (staying.length === wanted) return { kind: 'none' };
  return staying.length < wanted ? { kind: 'deploy', count: wanted - staying.length } : { kind: 'stop', numbers: staying.slice(wanted) };
}

/** `oak scale SERVICE N` */
export async function scale(invocation: Invocation<readonly [service: string, wanted: number], WaitOptions>): Promise<void> {
  const [reference, wanted] = invocation.args;
  const root = await connect(invocation.world, choiceOf(invocation));
  const service = await pickService(root, reference);
  await carryOut(invocation, root, service, planScale(service.service.instance_list, wanted));
}

/** Oakestra's `oak service scale up|down SERVICE COUNT` */
export async function scaleBy(invocation: Invocation<readonly [direction: string, service: string, count: number], WaitOptions>): Promise<void> {
  const [direction, reference, count] = invocation.args;
  const root = await connect(invocation.world, choiceOf(invocation));
  const service = await pickService(root, reference);
  const have = service.service.instance_list.filter(({ stopping }) => !stopping).length;
  if (direction === 'down' && count > have) throw new Failure(exitCodes.usage, `${service.name} has ${have} instances, ${count} can not be taken from it`);
  await carryOut(invocation, root, service, planScale(service.service.instance_list, direction === 'up' ? have + count : have - count));
}

/** Oakestra's `oak service deploy SERVICE` */
export async function deployMore(invocation: Invocation<readonly [service: string, count: number], WaitOptions>): Promise<void> {
  const [reference, count] = invocation.args;
  const root = await connect(invocation.world, choiceOf(invocation));
  await carryOut(invocation, root, await pickService(root, reference), { kind: 'deploy', count });
}

/** Oakestra's `oak service undeploy SERVICE [NUMBER]` */
export async function undeploy(invocation: Invocation<readonly [service: string, number: number | undefined], WaitOptions>): Promise<void> {
  const [reference, number] = invocation.args;
  const root = await connect(invocation.world, choiceOf(invocation));
  const service = await pickService(root, reference);
  const all = service.service.instance_list.map((one) => one.instance_number);
  await carryOut(invocation, root, service, { kind: 'stop', numbers: number === undefined ? all : [number] });
}

async function carryOut(invocation: Invocation<readonly unknown[], WaitOptions>, root: Root, { id, name }: NamedService, change: Change): Promise<void> {
  const { terminal, options } = invocation;
  const outcome = await make(root, id, name, change);
  await printListing(terminal, [outcome], outcomeListing, { output: outputOf(invocation), headers: options.headers });
  const { instances = [] } = outcome;
  if (options.wait && instances.length > 0) await awaitAll(root, terminal, [{ serviceId: id, name, numbers: instances }], change.kind === 'stop' ? isGone : isSettled, patienceOf(invocation));
}

async function make(root: Root, id: string, name: string, change: Change): Promise<Outcome> {
  switch (change.kind) {
    case 'none': return { kind: 'service', name, id, result: 'unchanged' };
    case 'deploy': return { kind: 'service', name, id, result: 'deployed', instances: await root.deploy(id, change.count) };
    case 'stop':
      await root.removeInstances(id, change.numbers);
      return { kind: 'service', name, id, result: 'deleting', instances: change.numbers };
  }
}
