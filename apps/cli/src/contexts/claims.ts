import { z } from 'zod';

const claimsSchema = z.looseObject({ sub: z.string(), roles: z.array(z.string()).default([]), organization: z.string().optional(), exp: z.number().optional() });
export type Claims = z.infer<typeof claimsSchema>;

/** What a token says of its owner. It is not checked here: root does that. Undefined: it is not a token of root's kind. */
export function claimsOf(token: string): Claims | undefined {
  try {
    return claimsSchema.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}
