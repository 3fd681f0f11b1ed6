/** One way to authenticate that a server offers in WWW-Authenticate (RFC 9110 section 11). Keys of `parameters` are lower case. */
export interface Challenge {
  /** Lower case, e.g. `bearer`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`);
const scheme = new RegExp(`^[\\s,]*(${token})(?=\\s|,|$)`);

/** Commas separate both challenges and parameters, so a name without `=` starts the next challenge. Stops at what it cannot read. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  for (let opened = scheme.exec(rest); opened; opened = scheme.exec(rest)) {
    rest = rest.slice(opened[0].length);
    const parameters: Record<string, string> = {};
    for (let found = parameter.exec(rest); found; found = parameter.exec(rest)) {
      parameters[(found[1] ?? '').toLowerCase()] = found[2]?.replace(/\\(.)/g, '$1') ?? found[3] ?? '';
      rest = rest.slice(found[0].length);
    }
    challenges.push({ scheme: (opened[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}
