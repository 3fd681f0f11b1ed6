import type { InstanceView, Lab } from '@oak/lab';
import { z } from 'zod';

/** What the image `oakestra/caller` says of one that called it; the answer to a ping has only its sender. */
const whoSchema = z.object({ host: z.string().optional(), name: z.string().optional(), from: z.string(), to: z.string().optional() });
export const askedSchema = z.union([
  z.object({ ok: z.literal(true), answers: z.array(whoSchema), peer: z.string() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);
export type Asked = z.infer<typeof askedSchema>;

export interface Question { readonly via: 'tcp' | 'udp' | 'ping'; readonly to: string; readonly family?: 4 | 6; readonly count?: number; readonly port?: number }

export const callerPort = 7000;
export const callerImage = { code: 'docker.io/oakestra/caller:latest', cmd: [] };

/** All questions by one process on the host: starting one for each would take longer than the calls. */
const script = `
const [base, ...paths] = process.argv.slice(1);
const answers = [];
for (let at = 0; at < paths.length; at += 8) {
  answers.push(...await Promise.all(paths.slice(at, at + 8).map(async (path) => (await fetch(base + path, { signal: AbortSignal.timeout(60000) })).json())));
}
console.log(JSON.stringify(answers));
`;

/** GETs of a caller instance, made on its own node: no mapped port is needed, and its network is not what is tested here. */
export async function getAll(lab: Lab, caller: Pick<InstanceView, 'node' | 'namespace_ip'>, paths: readonly string[]): Promise<unknown[]> {
  const base = `http://${caller.namespace_ip ?? ''}:${callerPort}`;
  const { stdout, stderr, exitCode } = await lab.exec(caller.node ?? '', [process.execPath, '--input-type=module', '-e', script, base, ...paths]);
  if (exitCode !== 0) throw new Error(`${base} on ${caller.node ?? '?'}: ${stderr}`);
  return z.array(z.unknown()).parse(JSON.parse(stdout));
}

/** Lets an instance call others, and tells what it heard. */
export async function askAll(lab: Lab, caller: Pick<InstanceView, 'node' | 'namespace_ip'>, questions: readonly Question[]): Promise<Asked[]> {
  return (await getAll(lab, caller, questions.map(pathOf))).map((answer) => askedSchema.parse(answer));
}

export async function ask(lab: Lab, caller: Pick<InstanceView, 'node' | 'namespace_ip'>, question: Question): Promise<Asked> {
  const [answer] = await askAll(lab, caller, [question]);
  if (!answer) throw new Error('the caller did not answer');
  return answer;
}

function pathOf({ via, to, family, count = 1, port = callerPort }: Question): string {
  return `/ask?${new URLSearchParams({ via, to, port: String(port), count: String(count), timeout_ms: '2000', ...(family && { family: String(family) }) }).toString()}`;
}

export const loadSchema = z.object({ sent: z.int(), ok: z.int(), failed: z.array(z.object({ atMs: z.number(), error: z.string() })), byHost: z.record(z.string(), z.int()) });

/** Requests one after the other, each on its own connection, for a while. */
export async function load(lab: Lab, caller: Pick<InstanceView, 'node' | 'namespace_ip'>, to: string, { ms, gapMs, via = 'tcp' }: { ms: number; gapMs: number; via?: 'tcp' | 'udp' }): Promise<z.infer<typeof loadSchema>> {
  const [answer] = await getAll(lab, caller, [`/load?${new URLSearchParams({ to, port: String(callerPort), ms: String(ms), gap_ms: String(gapMs), via }).toString()}`]);
  return loadSchema.parse(answer);
}
