import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import { Rest } from '../root/rest.ts';
import type { World } from '../world.ts';
import { Contexts, defaultContext, type Context } from './contexts.ts';
import { defaultUrl, rootUrl } from './root-url.ts';

const tokensSchema = z.object({ token: z.string(), refresh_token: z.string() });
/** An older root gives no new refresh token; the one that is there stays good. */
const renewedSchema = z.object({ token: z.string(), refresh_token: z.string().optional() });
export type Tokens = z.infer<typeof tokensSchema>;

export interface Choice { readonly context?: string; readonly url?: string; readonly timeoutMs: number }

/** Which installation is meant, and as whom. */
export interface Session {
  readonly name: string;
  readonly context: Context;
  readonly contexts: Contexts;
  readonly token: string | undefined;
  /** A new token by what is known; undefined: a person must log in. */
  readonly renew: () => Promise<string | undefined>;
}

/** The command line says it first, then the environment, then the file of contexts. @throws Failure when the context is not known */
export function openSession(world: World, choice: Choice): Session {
  const contexts = new Contexts(world);
  const { name, context } = chosen(contexts, world, choice);
  return { name, context, contexts, token: world.env['OAK_TOKEN'] || context.token, renew: () => renewed(world, contexts, name, context, choice.timeoutMs) };
}

/** Tokens of one installation are never sent to another: an address that is given goes without those of the file. */
function chosen(contexts: Contexts, { env }: World, choice: Choice): { name: string; context: Context } {
  const file = contexts.read();
  const name = choice.context ?? (env['OAK_CONTEXT'] || file.current);
  const known = file.contexts[name];
  if (!known && name !== defaultContext) throw new Failure(exitCodes.notFound, `context ${name} is not known`, `known: ${Object.keys(file.contexts).join(', ') || 'none'}; make it: oak login --context ${name} --url ADDRESS`);
  const given = choice.url ?? env['OAK_URL'];
  const url = given ? rootUrl(given) : known?.url ?? defaultUrl;
  return { name, context: known?.url === url ? known : { url } };
}

/** @throws Failure */
export function logIn(rest: Rest, username: string, password: string): Promise<Tokens> {
  return rest.ask(tokensSchema, '/api/auth/login', { method: 'POST', body: { username, password } });
}

/** After a 401: by the refresh token, else by the environment's user and password. */
async function renewed({ env }: World, contexts: Contexts, name: string, { url, refreshToken: known }: Context, timeoutMs: number): Promise<string | undefined> {
  if (env['OAK_TOKEN']) return undefined;
  // Another oak may have renewed it meanwhile, and the one that was replaced is not to be shown again.
  const latest = contexts.read().contexts[name];
  const refreshToken = known !== undefined && latest?.url === url ? latest.refreshToken : known;
  if (refreshToken !== undefined) {
    const given = await refresh(url, refreshToken, timeoutMs);
    if (given !== undefined) {
      contexts.update(name, (context) => ({ ...context, url, refreshToken: given.refresh_token ?? refreshToken, token: given.token }));
      return given.token;
    }
  }
  const { OAK_USER: user, OAK_PASSWORD: password } = env;
  return user && password ? (await logIn(new Rest({ url, timeoutMs }), user, password)).token : undefined;
}

async function refresh(url: string, token: string, timeoutMs: number): Promise<z.infer<typeof renewedSchema> | undefined> {
  try {
    return await new Rest({ url, token, timeoutMs }).ask(renewedSchema, '/api/auth/refresh', { method: 'POST' });
  } catch (error) {
    // Too old, or its user is gone: the answer to the first question says what to do.
    if (error instanceof Failure && error.exitCode !== exitCodes.unreachable) return undefined;
    throw error;
  }
}
