import { connect } from '../contexts/connect.ts';
import { exitCodes, Failure } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { unreachable } from '../root/answer-failure.ts';
import type { Root } from '../root/root.ts';
import type { NamedInstance } from '../selection/named.ts';
import { instancesOf, pickRunning } from '../selection/targets.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface LogsOptions { readonly follow?: boolean; readonly tail?: number; readonly prefix?: boolean; readonly number?: number }

/** `oak logs NAME`: of one instance as it wrote it; of several, each line with the name before it. */
export async function logs(invocation: Invocation<readonly [reference: string, number?: number], LogsOptions>): Promise<void> {
  const { terminal, args: [reference, number], options } = invocation;
  const root = await connect(invocation.world, choiceOf(invocation));
  const instances = instancesOf(await pickRunning(root, number === undefined ? reference : `${reference}/${number}`));
  if (instances.length === 0) throw new Failure(exitCodes.notFound, `${reference} has no instances`, `deploy one: oak scale ${reference} 1`);
  const prefixed = options.prefix ?? instances.length > 1;
  const ends = await Promise.allSettled(instances.map((instance) => copy(root, terminal, instance, options, prefixed)));
  const failed = ends.flatMap((end, at) => (end.status === 'rejected' ? [{ name: instances[at]?.name ?? '', error: end.reason as unknown }] : []));
  const [first] = failed;
  if (first) throw logsFailure(failed, first.error);
}

/** One of several that has no output does not keep the others from being shown. */
function logsFailure(failed: readonly { readonly name: string; readonly error: unknown }[], first: unknown): unknown {
  if (!(first instanceof Failure) || failed.length === 1) return first;
  return new Failure(first.exitCode, 'no output of some:', undefined, failed.map(({ name, error }) => ({ path: name, message: error instanceof Error ? error.message : String(error) })));
}

async function copy(root: Root, terminal: Terminal, { name, service, instance }: NamedInstance, { follow = false, tail }: LogsOptions, prefixed: boolean): Promise<void> {
  const query = new URLSearchParams({ follow: String(follow), ...(tail !== undefined && { tail: String(tail) }) });
  const { body }: { body: ReadableStream<Uint8Array> | null } = await root.rest.open(`/api/service/${service.microserviceID}/instance/${instance.instance_number}/logs?${query.toString()}`, { headers: { accept: 'text/plain' } });
  if (!body) return;
  try {
    // What a workload writes is passed on as it is, as any other program's output would be.
    if (prefixed) for await (const line of lines(body)) await terminal.write(`${terminal.paint('dim', name)} ${line}\n`);
    else for await (const bytes of body) await terminal.write(bytes);
  } catch (error) {
    throw unreachable(root.rest.url, error);
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const all = (rest + text).split('\n');
    rest = all.pop() ?? '';
    yield* all;
  }
  if (rest !== '') yield rest;
}
