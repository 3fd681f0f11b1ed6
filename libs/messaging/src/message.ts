import { InvalidMessage } from './bus-error.ts';

/** Turns what arrived into a value, or throws and says why not. zod schemas are parsers. */
export interface Parser<T> {
  parse(input: unknown): T;
}

/** One kind of message without a reply. `subject`: dotted tokens, `*` stands for a name that the sender fills in. The payload travels as plain JSON. */
export interface EventDefinition<T> {
  readonly subject: string;
  readonly payload: Parser<T>;
}

/** One kind of question and its answer. */
export interface RequestDefinition<T, R> extends EventDefinition<T> {
  readonly reply: Parser<R>;
}

/** The subject to send to: `node.*.report` with `n1` is `node.n1.report`. Needs one token for each wildcard. */
export function fill(subject: string, tokens: readonly string[]): string {
  const wildcards = subject.split('.').filter((token) => token === '*').length;
  if (tokens.length !== wildcards) throw new InvalidMessage(`${subject}: needs ${wildcards} tokens, got ${tokens.length}`);
  return narrow(subject, tokens);
}

/** The subject to listen on: the first wildcards are filled, the rest stay open. */
export function narrow(subject: string, tokens: readonly string[]): string {
  const rest = [...tokens];
  const filled = subject.split('.').map((token) => (token === '*' && rest.length > 0 ? checked(subject, rest.shift()) : token));
  if (rest.length > 0) throw new InvalidMessage(`${subject}: has no wildcard for ${JSON.stringify(rest)}`);
  return filled.join('.');
}

/** What the wildcards of `pattern` took in `subject`: the identity of who is spoken of, or who speaks. */
export function tokensOf(pattern: string, subject: string): string[] {
  const taken = subject.split('.');
  return pattern.split('.').flatMap((token, nth) => (token === '*' ? [taken[nth] ?? ''] : []));
}

/** A name that holds a dot or a wildcard would reach someone else's subject. */
function checked(subject: string, token: string | undefined): string {
  const bad = !token || /[\s.*>]/.test(token) || [...token].some((character) => character < ' ' || character === '\u007f');
  if (bad) throw new InvalidMessage(`${subject}: bad subject token ${JSON.stringify(token)}: no dots, wildcards, blanks or control characters`);
  return token;
}
