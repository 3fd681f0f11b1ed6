import { connect } from '../contexts/connect.ts';
import { outcomeListing, type Outcome } from '../descriptors/outcome.ts';
import { choiceOf, outputOf, patienceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import type { NamedInstance } from '../selection/named.ts';
import { instancesOf, pickRunning } from '../selection/targets.ts';
import { printListing } from '../terminal/listing.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { awaitAll, isGone, isSettled } from './await-instances.ts';

/** `oak restart NAME`: one after the other, a new instance takes the place of each. */
export async function restart(invocation: Invocation<readonly [reference: string], { readonly stopFirst?: boolean }>): Promise<void> {
  const { terminal, options } = invocation;
  const root = await connect(invocation.world, choiceOf(invocation));
  const old = instancesOf(await pickRunning(root, invocation.args[0])).filter(({ instance }) => !instance.stopping);
  if (old.length === 0) terminal.say('it has no instances');
  const outcomes: Outcome[] = [];
  for (const instance of old) outcomes.push(await replace(root, terminal, instance, options.stopFirst ?? false, patienceOf(invocation)));
  await printListing(terminal, outcomes, outcomeListing, { output: outputOf(invocation), headers: options.headers });
}

/** The old one goes only when the new one is ready, so a fault leaves what there was. */
async function replace(root: Root, terminal: Terminal, { name, service, instance }: NamedInstance, stopFirst: boolean, patienceMs: number): Promise<Outcome> {
  const serviceId = service.microserviceID;
  const serviceName = name.replace(/\/\d+$/, '');
  const stop = async (): Promise<void> => {
    await root.removeInstances(serviceId, [instance.instance_number]);
    await awaitAll(root, terminal, [{ serviceId, name: serviceName, numbers: [instance.instance_number] }], isGone, patienceMs);
  };
  if (stopFirst) await stop();
  const numbers = await root.deploy(serviceId, 1);
  await awaitAll(root, terminal, [{ serviceId, name: serviceName, numbers }], isSettled, patienceMs);
  if (!stopFirst) await stop();
  return { kind: 'instance', name, id: instance.id, result: 'deleted', instances: numbers, detail: `${serviceName}/${numbers.join()} took its place` };
}
