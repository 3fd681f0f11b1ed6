import { z } from 'zod';
import { credsFile } from './creds.ts';
import { accountJwt, operatorJwt, userJwt } from './jwt.ts';
import { newNkey, nkeyOf, type Nkey } from './nkey.ts';
import type { Permissions } from './permissions.ts';

const seedsSchema = z.object({ operator: z.string(), system: z.string(), account: z.string(), signing: z.string() });

/** Where the keys are kept. `StateDir` of the process library fits. */
export interface KeyStore { once(name: string, make: () => string): string }

/** Root has one and each cluster has one: an operator, its system account and the account that everyone of ours uses. Nothing here is known to the others. */
export class TrustDomain {
  readonly name: string;
  readonly #operator: Nkey;
  readonly #system: Nkey;
  readonly #account: Nkey;
  readonly #signing: Nkey;

  private constructor(name: string, seeds: z.infer<typeof seedsSchema>) {
    this.name = name;
    this.#operator = nkeyOf('operator', seeds.operator);
    this.#system = nkeyOf('account', seeds.system);
    this.#account = nkeyOf('account', seeds.account);
    this.#signing = nkeyOf('account', seeds.signing);
  }

  /** The keys of the first time, from then on. */
  static open(name: string, store: KeyStore): TrustDomain {
    const text = store.once('trust-domain.json', () => JSON.stringify({
      operator: newNkey('operator').seed, system: newNkey('account').seed, account: newNkey('account').seed, signing: newNkey('account').seed,
    }));
    return new TrustDomain(name, seedsSchema.parse(JSON.parse(text)));
  }

  get operatorJwt(): string {
    return operatorJwt(this.#operator, this.name, this.#system.publicKey);
  }

  get systemAccount(): { publicKey: string; jwt: string } {
    return { publicKey: this.#system.publicKey, jwt: accountJwt(this.#operator, this.#system.publicKey, 'SYS') };
  }

  get account(): { publicKey: string; jwt: string } {
    return { publicKey: this.#account.publicKey, jwt: accountJwt(this.#operator, this.#account.publicKey, 'OAK', [this.#signing.publicKey]) };
  }

  /** A new key pair with a JWT, as the text of a .creds file. `name` says who it is: see `readCreds`. */
  issue(name: string, permissions: Permissions): string {
    const user = newNkey('user');
    return credsFile(userJwt(this.#signing, this.#account.publicKey, user.publicKey, name, permissions), user.seed);
  }
}
