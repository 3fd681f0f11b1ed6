import { isNotFound } from '../client/rpc-error.ts';

/** For `.catch`: what is not there is an answer. */
export function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
