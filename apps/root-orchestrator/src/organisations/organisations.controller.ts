import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { roles } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { mayGive } from '../users/accounts.ts';
import { Users } from '../users/users.ts';
import type { Member, OrganisationRecord } from './organisation-record.ts';
import { memberOf, Organisations } from './organisations.ts';

const nameSchema = z.string().min(1).max(64);
const membersSchema = z.array(z.object({ user_id: z.string().max(64), roles: z.array(z.enum(roles)).max(64).default([]) })).max(10_000);
const createSchema = z.object({ name: nameSchema, member: membersSchema.default([]) });
/** Oakestra's null of an absent field is no wish. */
const changeSchema = z.object({ name: nameSchema.nullish(), member: membersSchema.nullish() });

@ApiTags('organizations') @ApiBearerAuth()
@Controller('api/organization')
export class OrganisationsController {
  constructor(@Inject(Organisations) private readonly organisations: Organisations, @Inject(Users) private readonly users: Users, @Inject(Root) private readonly root: Root) {}

  @Get()
  @ApiOperation({ summary: 'All organizations (Admin), or the own one (Organization_Admin)' })
  async all(@Caller() caller: Claims): Promise<unknown> {
    return (await this.organisations.list()).filter(({ id }) => knows(caller, id)).map(organisationView);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One organization with its members' })
  async one(@Param('id') id: string, @Caller() caller: Claims): Promise<unknown> {
    return organisationView(await this.#get(id, caller));
  }

  @Post() @HttpCode(200)
  @ApiOperation({ summary: 'Make an organization; the answer is its id' })
  @ApiBody({ schema: schemaOf(createSchema) })
  async create(@Body() body: unknown): Promise<string> {
    const { name, member } = parseBody(createSchema, body);
    return JSON.stringify((await this.organisations.create(name, await this.#members(member))).id);
  }

  @Put(':id')
  @ApiOperation({ summary: 'Change name and members; what is not given stays' })
  @ApiBody({ schema: schemaOf(changeSchema) })
  async change(@Param('id') id: string, @Body() body: unknown, @Caller() caller: Claims): Promise<object> {
    const { name, member } = parseBody(changeSchema, body);
    const before = await this.#get(id, caller);
    const members = member ? await this.#members(member) : undefined;
    if (members) this.#checkMembers(before, members, caller);
    await this.organisations.change(id, { name: name ?? undefined, members });
    return { message: 'Organization is updated' };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Remove an organization that has no applications; its members stay users' })
  async remove(@Param('id') id: string, @Caller() caller: Claims): Promise<object> {
    await this.#get(id, caller);
    const left = (await this.root.applications.list()).filter(({ body }) => body.organisation === id);
    if (left.length > 0) throw new Problem(409, 'Conflict', `the organization has applications: ${left.slice(0, 5).map(({ body }) => `${body.name}.${body.namespace}`).join(', ')}; delete them first`);
    await this.organisations.remove(id);
    return { message: 'Organization deleted' };
  }

  async #get(id: string, caller: Claims): Promise<Document<OrganisationRecord>> {
    const found = knows(caller, id) ? await this.organisations.get(id) : undefined;
    if (!found) throw notFound('organization', id);
    return found;
  }

  /** An Organization_Admin gives roles to members; who comes in from elsewhere is an Admin's business, or is registered. */
  #checkMembers(before: Document<OrganisationRecord>, after: readonly Member[], caller: Claims): void {
    const ids = new Set([...before.body.members, ...after].map(({ userId }) => userId));
    for (const id of ids) {
      const held = memberOf(before, id);
      if (!held && caller.scope !== 'all') throw new Problem(403, 'Forbidden', `user ${id} is no member; only an Admin brings in a user of another organization`);
      mayGive(caller, held?.roles ?? [], after.find(({ userId }) => userId === id)?.roles ?? []);
    }
  }

  /** @throws Problem 422 that names who does not exist */
  async #members(member: z.infer<typeof membersSchema>): Promise<Member[]> {
    for (const [at, { user_id: id }] of member.entries()) {
      const message = `there is no user of id ${id}`;
      if (!await this.users.get(id)) throw new Problem(422, 'Invalid request', `member[${at}].user_id: ${message}`, [{ path: `member[${at}].user_id`, message, value: id }]);
    }
    return member.map(({ user_id: userId, roles: held }) => ({ userId, roles: [...new Set(held)] }));
  }
}

function knows(caller: Claims, id: string): boolean {
  return caller.scope === 'all' || id === caller.organization;
}

/** Oakestra's organization document. */
function organisationView({ id, body }: Document<OrganisationRecord>): unknown {
  return { _id: { $oid: id }, name: body.name, member: body.members.map(({ userId, roles: held }) => ({ user_id: userId, roles: held })) };
}
