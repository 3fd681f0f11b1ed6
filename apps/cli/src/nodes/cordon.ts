import { connect } from '../contexts/connect.ts';
import { outcomeListing, type Outcome } from '../descriptors/outcome.ts';
import { choiceOf, outputOf, type Invocation } from '../invocation.ts';
import { nameNodes } from '../selection/named.ts';
import { pickNode } from '../selection/pick-node.ts';
import { printListing } from '../terminal/listing.ts';

type Cordon = Invocation<readonly [names: readonly string[]]>;

/** `oak node cordon NAME...`: nothing new comes there; what runs there stays. */
export const cordon = (invocation: Cordon): Promise<void> => change(invocation, true);
export const uncordon = (invocation: Cordon): Promise<void> => change(invocation, false);

async function change(invocation: Cordon, cordoned: boolean): Promise<void> {
  const root = await connect(invocation.world, choiceOf(invocation));
  const { nodes, unreachable } = await root.nodes();
  const candidates = nameNodes(nodes);
  const chosen = invocation.args[0].map((reference) => pickNode(reference, candidates, unreachable));
  const outcomes: Outcome[] = [];
  for (const { id, name, node } of chosen) {
    if (node.cordoned !== cordoned) await root.cordon(node.cluster, node.name, cordoned);
    outcomes.push({ kind: 'node', name, id, result: node.cordoned === cordoned ? 'unchanged' : cordoned ? 'cordoned' : 'uncordoned' });
  }
  await printListing(invocation.terminal, outcomes, outcomeListing, { output: outputOf(invocation), headers: invocation.options.headers });
}
