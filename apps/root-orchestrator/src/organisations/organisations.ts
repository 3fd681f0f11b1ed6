import type { Clock } from '@oak/reconcile';
import { UniqueViolation, type Collection, type Document } from '@oak/store';
import { roles, type Role } from '../auth/access.ts';
import { notFound, Problem } from '../http/problem.ts';
import type { Member, OrganisationRecord } from './organisation-record.ts';
import { rootOrganisation, rootOrganisationName } from './shared-with.ts';

export interface OrganisationsOptions {
  readonly organisations: Collection<OrganisationRecord>;
  readonly clock: Clock;
  readonly newId: () => string;
}
export interface OrganisationChange { readonly name?: string | undefined; readonly members?: readonly Member[] | undefined }

/** Who belongs together, and who may do what there. */
export class Organisations {
  readonly #options: OrganisationsOptions;

  constructor(options: OrganisationsOptions) {
    this.#options = options;
  }

  get(id: string): Promise<Document<OrganisationRecord> | undefined> {
    return this.#options.organisations.get(id);
  }

  list(): Promise<Document<OrganisationRecord>[]> {
    return this.#options.organisations.list();
  }

  async named(name: string): Promise<Document<OrganisationRecord> | undefined> {
    return (await this.#options.organisations.list({ where: { index: 'name', equals: [name] }, limit: 1 }))[0];
  }

  /** Undefined: no member. */
  async rolesOf(userId: string, id: string): Promise<readonly Role[] | undefined> {
    const organisation = await this.get(id);
    return organisation && memberOf(organisation, userId)?.roles;
  }

  async of(userId: string): Promise<Document<OrganisationRecord>[]> {
    return (await this.list()).filter((one) => memberOf(one, userId));
  }

  /** @throws Problem 409 when the name is taken */
  async create(name: string, members: readonly Member[]): Promise<Document<OrganisationRecord>> {
    const { organisations, clock, newId } = this.#options;
    return unlessTaken(name, () => organisations.insert(newId(), { name, members: merged(members), createdAtMs: clock.now() }));
  }

  /** What is not given stays. @throws Problem 404, 409 */
  async change(id: string, { name, members }: OrganisationChange): Promise<Document<OrganisationRecord>> {
    const before = await this.get(id);
    if (!before) throw notFound('organization', id);
    if (id === rootOrganisation && name !== undefined && name !== rootOrganisationName) throw new Problem(409, 'Conflict', `the organization ${rootOrganisationName} keeps its name: who logs in without naming one is looked for there`);
    const after = { name: name ?? before.body.name, members: merged(members ?? before.body.members) };
    await this.#keepAdmin(id, after.members);
    const changed = await unlessTaken(after.name, () => this.#options.organisations.update(id, (record) => ({ ...record, ...after })));
    if (!changed) throw notFound('organization', id);
    return changed;
  }

  /** Roles in one organisation; undefined: no member any more. @throws Problem 404, 409 */
  async enrol(userId: string, id: string, held: readonly Role[] | undefined): Promise<void> {
    const found = await this.get(id);
    if (!found) throw notFound('organization', id);
    const with_ = (members: readonly Member[]): Member[] => [...members.filter((one) => one.userId !== userId), ...(held ? [{ userId, roles: [...held] }] : [])];
    await this.#keepAdmin(id, with_(found.body.members));
    await this.#options.organisations.update(id, (record) => ({ ...record, members: with_(record.members) }));
  }

  /** @throws Problem 404, 409 */
  async remove(id: string): Promise<void> {
    if (id === rootOrganisation) throw new Problem(409, 'Conflict', `the organization ${rootOrganisationName} can not be deleted: everybody begins there`);
    await this.#keepAdmin(id, []);
    if (!await this.#options.organisations.remove(id)) throw notFound('organization', id);
  }

  /** At the first start, and in an installation of before there were organisations. */
  async ensureRoot(adminId: string): Promise<void> {
    if (await this.get(rootOrganisation)) return;
    try {
      await this.#options.organisations.insert(rootOrganisation, { name: rootOrganisationName, members: [{ userId: adminId, roles: [...roles] }], createdAtMs: this.#options.clock.now() });
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
    }
  }

  /** An installation without anybody who may do everything could not be mended. */
  async #keepAdmin(id: string, members: readonly Member[]): Promise<void> {
    const all = (await this.list()).map((one) => (one.id === id ? members : one.body.members)).flat();
    if (!all.some((member) => member.roles.includes('Admin'))) throw new Problem(409, 'Conflict', 'nobody would have the role Admin any more; give it to somebody else first');
  }
}

export function memberOf({ body }: Document<OrganisationRecord>, userId: string): Member | undefined {
  return body.members.find((one) => one.userId === userId);
}

/** A user that is named twice has the roles of both. */
function merged(members: readonly Member[]): Member[] {
  const byUser = new Map<string, Set<Role>>();
  for (const { userId, roles: held } of members) byUser.set(userId, new Set([...byUser.get(userId) ?? [], ...held]));
  return [...byUser].map(([userId, held]) => ({ userId, roles: [...held] }));
}

async function unlessTaken<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof UniqueViolation) throw new Problem(409, 'Conflict', `organization ${name} exists already`);
    throw error;
  }
}
