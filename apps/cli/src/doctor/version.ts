import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { openSession } from '../contexts/session.ts';
import { Failure } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { Rest } from '../root/rest.ts';
import { printBody } from '../terminal/listing.ts';
import { sheet } from '../terminal/sheet.ts';

/** Of root's REST, as this oak speaks it. */
export const apiVersion = '1';
export const clientVersion = manifest.version;

const openApiSchema = z.looseObject({ info: z.looseObject({ version: z.string() }) });

/** What root says of its API. It tells no version of its program. */
export async function rootApiVersion(rest: Rest): Promise<string> {
  return (await rest.ask(openApiSchema, '/api/docs')).info.version;
}

/** `oak version`: of this program and of root, and a warning when they do not fit. */
export async function version(invocation: Invocation<readonly [], { readonly client?: boolean }>): Promise<void> {
  const { terminal, options } = invocation;
  const client = { version: clientVersion, api: apiVersion };
  const server = options.client ? undefined : await serverOf(invocation);
  if (options.output === 'json' || options.output === 'yaml') return printBody(terminal, { client, ...(server && { root: server }) }, options.output);
  await terminal.print(sheet([['oak', `${client.version} (API ${client.api})`], ['root', server && ('api' in server ? `API ${server.api} at ${server.url}` : `unknown: ${server.problem}`)]]));
  if (server && 'api' in server && server.api !== apiVersion) terminal.say(`${terminal.paintTalk('yellow', 'warning')}: this oak speaks API ${apiVersion}, root API ${server.api}: take the oak of root's version`);
}

async function serverOf(invocation: Invocation): Promise<{ url: string; api: string } | { url: string; problem: string }> {
  const { context: { url } } = openSession(invocation.world, choiceOf(invocation));
  try {
    return { url, api: await rootApiVersion(new Rest({ url, timeoutMs: choiceOf(invocation).timeoutMs })) };
  } catch (error) {
    if (error instanceof Failure) return { url, problem: error.message };
    throw error;
  }
}
