import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { Rest } from '../root/rest.ts';
import { ask, readStdin } from '../terminal/ask.ts';
import type { World } from '../world.ts';
import { connect } from './connect.ts';
import { isOpenToReaders } from './root-url.ts';
import { logIn, openSession } from './session.ts';
import { Contexts, defaultContext } from './contexts.ts';

const passwordLimit = 4_096;

/** `oak login [ADDRESS]`: keeps the tokens, never the password. A context that is not known yet is made. */
export async function login(invocation: Invocation<readonly [address: string | undefined], { readonly user?: string; readonly passwordStdin?: boolean }>): Promise<void> {
  const { world, terminal, args: [address], options } = invocation;
  const contexts = new Contexts(world);
  const file = contexts.read();
  const name = options.context ?? (world.env['OAK_CONTEXT'] || file.current);
  const given = address ?? options.url;
  if (!file.contexts[name] && name !== defaultContext && given === undefined && !world.env['OAK_URL']) throw new Failure(exitCodes.usage, `context ${name} is new: say where its root is`, `oak login ADDRESS --context ${name}`);
  const { context: { url } } = openSession({ ...world, env: { ...world.env, OAK_CONTEXT: '' } }, { ...choiceOf(invocation), context: file.contexts[name] ? name : defaultContext, ...(given !== undefined && { url: given }) });
  if (isOpenToReaders(url)) terminal.say(`${terminal.paintTalk('yellow', 'warning')}: ${url} is not encrypted: who is in between can read the password`);
  const user = options.user ?? (world.env['OAK_USER'] || await person(world, 'User name: '));
  const { token, refresh_token: refreshToken } = await logIn(new Rest({ url, timeoutMs: choiceOf(invocation).timeoutMs }), user, await password(world, options.passwordStdin ?? false, user));
  const latest = contexts.read();
  contexts.write({ current: name, contexts: { ...latest.contexts, [name]: { url, user, token, refreshToken } } });
  terminal.say(`logged in as ${user} at ${url} (context ${name})`);
}

async function password(world: World, fromStdin: boolean, user: string): Promise<string> {
  if (fromStdin) return (await readStdin(world, passwordLimit)).replace(/\r?\n$/, '');
  return world.env['OAK_PASSWORD'] || person(world, `Password of ${user}: `, true);
}

function person(world: World, question: string, hidden = false): Promise<string> {
  if (world.stdin.isTTY) return ask(world, question, hidden);
  throw new Failure(exitCodes.usage, `nobody is at a terminal to be asked for: ${question.replace(/: $/, '')}`, 'give --user NAME --password-stdin, or set OAK_USER and OAK_PASSWORD');
}

/** `oak logout`: ends the login at root and forgets its tokens here, also when root is away. */
export async function logout(invocation: Invocation): Promise<void> {
  const { world, terminal, options } = invocation;
  const contexts = new Contexts(world);
  const name = options.context ?? (world.env['OAK_CONTEXT'] || contexts.read().current);
  if (contexts.read().contexts[name]?.refreshToken === undefined) terminal.say(`nobody was logged in (context ${name})`);
  else {
    const ended = await endLogin(invocation, name);
    contexts.update(name, (context) => ({ url: context?.url ?? '', ...(context?.user !== undefined && { user: context.user }) }));
    terminal.say(ended === undefined ? `logged out (context ${name})` : `the tokens of context ${name} are forgotten, but root was not told (${ended}): copies of them are good for at most thirty days`);
  }
}

/** Undefined: root refuses the tokens from now on. Else the reason why it does not know. */
async function endLogin(invocation: Invocation, name: string): Promise<string | undefined> {
  const { world } = invocation;
  try {
    const { rest } = await connect({ ...world, env: { ...world.env, OAK_TOKEN: '', OAK_URL: '', OAK_USER: '' } }, { timeoutMs: choiceOf(invocation).timeoutMs, context: name });
    await rest.ask(z.unknown(), '/api/auth/logout', { method: 'POST' });
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Who is not known there any more has no login to end.
    return error.exitCode === exitCodes.notAllowed ? undefined : error.message;
  }
}
