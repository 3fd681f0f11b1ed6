import { z } from 'zod';

const claimsSchema = z.object({ name: z.string() });
const shapes = [/^cluster\.([^.]+)\.node\.([^.]+)$/, /^cluster\.([^.]+)$/, /^uplink\.([^.]+)$/, /^root()$/];

/** The text of a NATS .creds file. */
export function credsFile(jwt: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
}

export interface Creds {
  readonly jwt: string;
  /** `cluster.<c>.node.<n>`, `cluster.<c>`, `uplink.<c>` or `root`. */
  readonly name: string;
  /** The names in it: cluster and node, or cluster, or none. */
  readonly tokens: readonly string[];
}

/** Who a .creds file is for. The server checks the signature; this only reads. @throws Error that says what is wrong with the text */
export function readCreds(text: string): Creds {
  const jwt = /-BEGIN NATS USER JWT-+\s+([A-Za-z0-9_.=-]+?)\s+-+END NATS USER JWT-/.exec(text)?.[1];
  if (jwt === undefined) throw new Error('these are no NATS credentials: the block "NATS USER JWT" is missing');
  const claims = claimsSchema.safeParse(parsePart(jwt.split('.')[1] ?? ''));
  const match = claims.success ? shapes.map((shape) => shape.exec(claims.data.name)).find((found) => found !== null) : undefined;
  if (!claims.success || !match) throw new Error('these credentials are not from Oakestra: make them with "credentials node NAME" or "credentials cluster NAME"');
  return { jwt, name: claims.data.name, tokens: match.slice(1).filter((token) => token !== '') };
}

function parsePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
