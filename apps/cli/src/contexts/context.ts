import { exitCodes, Failure } from '../failure.ts';
import { outputOf, type Invocation } from '../invocation.ts';
import { printListing, type Listing } from '../terminal/listing.ts';
import { orDash } from '../terminal/words.ts';
import { Contexts } from './contexts.ts';
import { rootUrl } from './root-url.ts';

/** No token is among it. */
interface Shown { readonly name: string; readonly current: boolean; readonly url: string; readonly user: string | null; readonly loggedIn: boolean }
const listing: Listing<Shown> = {
  name: ({ name }) => name, body: (shown) => shown,
  columns: [
    { head: 'CONTEXT', cell: ({ name, current }) => (current ? `${name} *` : name) },
    { head: 'ROOT', cell: ({ url }) => url },
    { head: 'USER', cell: ({ user }) => orDash(user) },
    { head: 'LOGGED-IN', cell: ({ loggedIn }) => (loggedIn ? 'yes' : 'no') },
  ],
};

/** `oak context ls` */
export async function listContexts(invocation: Invocation): Promise<void> {
  const { current, contexts } = new Contexts(invocation.world).read();
  const rows = Object.entries(contexts).map(([name, { url, user, refreshToken }]) => ({ name, current: name === current, url, user: user ?? null, loggedIn: refreshToken !== undefined }));
  if (rows.length === 0) invocation.terminal.say('no contexts; make one: oak login ADDRESS');
  await printListing(invocation.terminal, rows, listing, { output: outputOf(invocation), headers: invocation.options.headers });
}

/** `oak context use NAME` */
export function useContext({ world, terminal, args: [name] }: Invocation<readonly [string]>): Promise<void> {
  const contexts = new Contexts(world);
  const file = contexts.read();
  if (!file.contexts[name]) throw new Failure(exitCodes.notFound, `context ${name} is not known`, `known: ${Object.keys(file.contexts).join(', ') || 'none'}; make it: oak context set ${name} ADDRESS`);
  contexts.write({ ...file, current: name });
  terminal.say(`context ${name} is used from now on`);
  return Promise.resolve();
}

/** `oak context set NAME ADDRESS`: another address forgets the tokens of the old one. */
export function setContext({ world, terminal, args: [name, address] }: Invocation<readonly [string, string]>): Promise<void> {
  const url = rootUrl(address);
  new Contexts(world).update(name, (context) => (context?.url === url ? context : { url }));
  terminal.say(`context ${name} is ${url}`);
  return Promise.resolve();
}
