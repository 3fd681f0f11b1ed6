import { createHash } from 'node:crypto';
import { toBase32, type Nkey } from './nkey.ts';
import type { Permissions } from './permissions.ts';

const unlimited = { subs: -1, data: -1, payload: -1 };

/** NATS' own kind of JWT: signed by an nkey, its id a hash of its claims. `nats` is the part that NATS reads. */
function encode(issuer: Nkey, subject: string, name: string, nats: object): string {
  const claims = { jti: '', iat: Math.floor(Date.now() / 1000), iss: issuer.publicKey, name, sub: subject, nats };
  claims.jti = toBase32(createHash('sha512-256').update(JSON.stringify(claims)).digest());
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${issuer.sign(Buffer.from(signed)).toString('base64url')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export function operatorJwt(operator: Nkey, name: string, systemAccount: string): string {
  return encode(operator, operator.publicKey, name, { type: 'operator', version: 2, system_account: systemAccount });
}

export function accountJwt(operator: Nkey, account: string, name: string, signingKeys: readonly string[] = []): string {
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  return encode(operator, account, name, { type: 'account', version: 2, limits, signing_keys: signingKeys });
}

export function userJwt(signer: Nkey, account: string, user: string, name: string, { pub, sub, resp, connectionTypes }: Permissions): string {
  return encode(signer, user, name, {
    type: 'user', version: 2, issuer_account: account, ...unlimited, pub, sub,
    ...(resp && { resp: { max: resp.max, ttl: resp.ttlMs * 1e6 } }), ...(connectionTypes && { allowed_connection_types: connectionTypes }),
  });
}
