import { exitCodes, Failure } from '../failure.ts';
import { Rest } from '../root/rest.ts';
import { Root } from '../root/root.ts';
import type { World } from '../world.ts';
import { openSession, type Choice } from './session.ts';

/** Root, as the user who is logged in. @throws Failure when nobody is */
export async function connect(world: World, choice: Choice): Promise<Root> {
  const { context: { url }, token: known, renew } = openSession(world, choice);
  const token = known ?? await renew();
  if (token === undefined) throw new Failure(exitCodes.notAllowed, `not logged in at ${url}`, 'log in: oak login; or set OAK_TOKEN, or OAK_USER and OAK_PASSWORD');
  return new Root(new Rest({ url, token, renew, timeoutMs: choice.timeoutMs }), token);
}
