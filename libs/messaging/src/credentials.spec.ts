import { nkeys } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { credentialsAuthenticator, parseCredentials } from './credentials.ts';

function credentials(jwt: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
}

test('the challenge is signed so that NATS\' own library verifies it, with the credentials of the moment', () => {
  const users = [nkeys.createUser(), nkeys.createUser()];
  let nth = 0;
  const authenticate = credentialsAuthenticator(() => credentials(`jwt-${nth}`, Buffer.from(users[nth]?.getSeed() ?? []).toString()));
  for (nth = 0; nth < 2; nth++) {
    const { jwt, sig } = authenticate('challenge') as { jwt: string; sig: string };
    expect(jwt).toBe(`jwt-${nth}`);
    expect(users[nth]?.verify(Buffer.from('challenge'), Buffer.from(sig, 'base64url'))).toBe(true);
  }
});

test('a text that is no credentials says what is missing, and shows nothing of it', () => {
  expect(() => parseCredentials('secret')).toThrow('bad credentials: no block "NATS USER JWT"');
  expect(() => parseCredentials(credentials('a.b.c', ''))).toThrow('no block "USER NKEY SEED"');
  expect(() => parseCredentials(credentials('a.b.c', 'SUSHORT'))).toThrow('the seed is too short');
});
