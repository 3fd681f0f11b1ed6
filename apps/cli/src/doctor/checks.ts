import { connect } from '../contexts/connect.ts';
import { openSession } from '../contexts/session.ts';
import { Failure } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { Rest } from '../root/rest.ts';
import { Root } from '../root/root.ts';
import { nameInstances, nameNodes, nameServices, type NamedNode } from '../selection/named.ts';
import { judgeClock, judgeClusters, judgeInstances, judgeNodes, judgeRuntimes, ok, type Finding } from './judge.ts';
import { apiVersion, rootApiVersion } from './version.ts';

export interface Check { readonly name: string; /** Names of checks that must not be at fault for this one to make sense. */ readonly needs: readonly string[]; readonly look: () => Promise<Finding> }

/** In their order; each asks what it needs and judges it. */
export function checksOf(invocation: Invocation): Check[] {
  const { world } = invocation;
  const choice = choiceOf(invocation);
  const once = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
    let answer: Promise<T> | undefined;
    return () => (answer ??= ask());
  };
  const rest = (): Rest => new Rest({ url: openSession(world, choice).context.url, timeoutMs: choice.timeoutMs });
  const root = once((): Promise<Root> => connect(world, choice));
  const nodes = once(async (): Promise<{ nodes: NamedNode[]; unreachable: string[] }> => {
    const answer = await (await root()).nodes();
    return { nodes: nameNodes(answer.nodes), unreachable: answer.unreachable };
  });
  return [
    { name: 'configuration', needs: [], look: () => Promise.resolve(configuration(invocation)) },
    { name: 'root reachable', needs: ['configuration'], look: () => reachable(rest(), world.now) },
    { name: 'root ready', needs: ['root reachable'], look: async () => { await (await rest().open('/readyz')).text(); return ok('its store and its bus serve'); } },
    { name: 'clocks', needs: ['root reachable'], look: () => clock(rest(), world.now) },
    { name: 'version', needs: ['root reachable'], look: async () => versions(await rootApiVersion(rest())) },
    { name: 'login', needs: ['root reachable'], look: async () => { await (await root()).ownApplications(); return ok('root takes the token'); } },
    { name: 'clusters', needs: ['root reachable'], look: async () => judgeClusters(await new Root(rest()).clusters()) },
    { name: 'nodes', needs: ['login'], look: async () => { const answer = await nodes(); return judgeNodes(answer.nodes, answer.unreachable); } },
    { name: 'runtimes', needs: ['login'], look: async () => judgeRuntimes((await nodes()).nodes) },
    { name: 'instances', needs: ['login'], look: async () => judgeInstances(nameInstances(nameServices(await (await root()).services()))) },
  ];
}

/** What could not be found out is a fault that says so. */
export async function findingOf({ look }: Check): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Failure) return { verdict: 'fault', text: error.message, ...(error.remedy !== undefined && { remedies: [error.remedy] }) };
    throw error;
  }
}

function configuration({ world, ...invocation }: Invocation): Finding {
  const { contexts, name, context } = openSession(world, choiceOf({ world, ...invocation }));
  if (contexts.isOpenToOthers()) return { verdict: 'fault', text: `others can read ${contexts.path}, and with it your token`, remedies: [`chmod 600 ${contexts.path}; then log in again: oak login`] };
  return ok(`context ${name}: ${context.url}`);
}

async function reachable(rest: Rest, now: () => number): Promise<Finding> {
  const began = now();
  await (await rest.open('/healthz')).text();
  return ok(`${rest.url} answers after ${now() - began} ms`);
}

async function clock(rest: Rest, now: () => number): Promise<Finding> {
  const asked = now();
  const response = await rest.open('/healthz');
  const heard = now();
  await response.text();
  const said = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(said) ? { verdict: 'warning', text: 'root does not say what time it is' } : judgeClock(said, asked, heard);
}

function versions(api: string): Finding {
  return api === apiVersion ? ok(`this oak and root speak API ${api}`) : { verdict: 'warning', text: `this oak speaks API ${apiVersion}, root API ${api}`, remedies: ['take the oak of root\'s version'] };
}
