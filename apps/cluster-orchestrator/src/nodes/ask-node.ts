import { NoAnswer, NobodyThere, Rejected, type Bus, type RequestDefinition } from '@oak/messaging';

/** Asks a node on somebody's behalf. @throws Rejected, 503 when the node does not answer, so that whoever asked learns why */
export async function askNode<T, R>(bus: Bus, request: RequestDefinition<T, R>, payload: T, { cluster, node, timeoutMs }: { readonly cluster: string; readonly node: string; readonly timeoutMs: number }): Promise<R> {
  try {
    return await bus.request(request, payload, timeoutMs, cluster, node);
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof NobodyThere) throw new Rejected(503, `node ${node} does not answer: is it on, and are node-engine and net-manager running?`);
    throw error;
  }
}
