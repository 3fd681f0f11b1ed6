import type { Installation } from './installation.ts';

/** What is wrong when nothing is in the way any more: empty when all that shall run runs once, where root says, and nothing else does. */
export async function faultsOf({ root, nodes }: Installation): Promise<string[]> {
  const instances = await root.instances();
  const places = new Map<string, string[]>();
  for (const node of nodes) for (const id of await node.running()) places.set(id, [...(places.get(id) ?? []), node.name]);
  const faults = instances.flatMap(({ id, desired, status, detail, cluster, node }) => {
    const where = places.get(id) ?? [];
    if (desired === 'gone') return [`${id} shall be gone and is still known at ${cluster ?? 'no cluster'}: ${status}, ${detail}`];
    if (status !== 'RUNNING') return [`${id} shall run and is ${status} at ${cluster ?? 'no cluster'}: ${detail}`];
    return where.length === 1 && where[0] === node ? [] : [`${id} shall run once on ${node ?? '?'} and runs on: ${where.join(', ') || 'nothing'}`];
  });
  const strays = [...places].filter(([id]) => !instances.some((instance) => instance.id === id)).map(([id, where]) => `${id} shall not run and runs on ${where.join(', ')}`);
  return [...faults, ...strays];
}
