import { randomUUID } from 'node:crypto';
import type { StateDir } from '@oak/process';
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';

const claimsSchema = z.object({ sub: z.string(), roles: z.array(z.string()), type: z.enum(['access', 'refresh']), organization: z.string() });
export type Claims = z.infer<typeof claimsSchema>;
type Kind = Claims['type'];

/** Oakestra's: ten minutes, thirty days. */
const lifetime: Record<Kind, string> = { access: '10m', refresh: '30d' };
const algorithm = 'RS256';

/** Signs and checks tokens with a key that survives restarts. The claims are those that Oakestra's clients know. */
export class Tokens {
  readonly #privateKey: CryptoKey;
  readonly #publicKey: CryptoKey;

  private constructor(privateKey: CryptoKey, publicKey: CryptoKey) {
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  static async open(state: StateDir): Promise<Tokens> {
    const stored = state.read('token-key.json') ?? await newKey(state);
    const jwk = JSON.parse(stored) as JWK;
    const { kty, n, e } = jwk;
    return new Tokens(await importKey(jwk), await importKey({ kty, n, e } as JWK));
  }

  async issue(kind: Kind, { sub, roles, organization }: Omit<Claims, 'type'>): Promise<string> {
    return new SignJWT({ type: kind, roles, organization, user: sub, fresh: false, csrf: randomUUID() })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' }).setSubject(sub).setIssuedAt().setNotBefore('0s').setJti(randomUUID()).setExpirationTime(lifetime[kind]).sign(this.#privateKey);
  }

  /** Undefined: not ours, expired, or of the other kind. */
  async check(kind: Kind, token: string): Promise<Claims | undefined> {
    const verified = await jwtVerify(token, this.#publicKey, { algorithms: [algorithm] }).catch(() => undefined);
    const claims = claimsSchema.safeParse(verified?.payload);
    return claims.success && claims.data.type === kind ? claims.data : undefined;
  }
}

async function newKey(state: StateDir): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const text = JSON.stringify(await exportJWK(privateKey));
  state.write('token-key.json', text);
  return text;
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('the token key is not an RSA key');
  return key;
}
