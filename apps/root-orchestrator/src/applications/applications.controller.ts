import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { networkPolicySchema } from '@oak/contracts';
import { slaJsonSchema } from '@oak/sla';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { afterQuery, limitQuery, paged, pageSchema, type Replier } from '../http/pages.ts';
import { dryRunQuery, flagSchema, idempotencyHeader, ifMatchHeader } from '../http/api-parameters.ts';
import { checkMatch } from '../http/etag.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { Problem } from '../http/problem.ts';
import { applicationView } from '../services/oakestra-view.ts';
import { applicationEtag } from '../services/service-etag.ts';
import type { ApplicationRecord } from './application-record.ts';
import { Applications } from './applications.ts';
import { OwnedApplications } from './owned-applications.ts';
import { readDescriptor } from './read-descriptor.ts';

const createQuerySchema = z.object({ dryRun: flagSchema });
const listSchema = pageSchema.extend({ name: z.string().max(64).optional(), namespace: z.string().max(64).optional() });

/** Oakestra's clients send the whole document; its list of microservices is told, not set. */
const changeSchema = z.object({
  application_name: z.string().nullish().describe('As it is'), application_namespace: z.string().nullish().describe('As it is'),
  application_desc: z.string().max(10_000).nullish(), network_policy: networkPolicySchema.nullish(),
});

@ApiTags('applications') @ApiBearerAuth()
@Controller('api')
export class ApplicationsController {
  constructor(@Inject(Applications) private readonly applications: Applications, @Inject(OwnedApplications) private readonly owned: OwnedApplications) {}

  @Post('application') @HttpCode(200)
  @ApiOperation({ summary: 'Create the applications of an SLA descriptor, with their microservices; nothing runs yet. Answers with all applications of the caller' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never> })
  @ApiQuery(dryRunQuery) @ApiHeader(idempotencyHeader)
  async create(@Body() body: unknown, @Query() query: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { dryRun } = parseBody(createQuerySchema, query);
    const { sla, warnings, submitted } = readDescriptor(body);
    if (dryRun) {
      for (const [at, application] of sla.applications.entries()) await this.applications.check(caller.sub, application, submitted(at));
      return { dry_run: true, warnings, applications: sla.applications };
    }
    const made: string[] = [];
    try {
      for (const [at, application] of sla.applications.entries()) made.push((await this.applications.create(caller.sub, application, submitted(at), caller.organization)).id);
    } catch (error) {
      for (const id of made) await this.applications.remove(id);
      throw error;
    }
    const views = await this.#views(await this.owned.of(caller));
    return views.map((view) => (made.includes(String(view['applicationID'])) && warnings.length > 0 ? { ...view, warnings } : view));
  }

  @Get('applications')
  @ApiOperation({ summary: 'All applications (Admin), or those of the organisation (Organization_Admin)' })
  @ApiQuery(limitQuery) @ApiQuery(afterQuery) @ApiQuery({ name: 'name', required: false }) @ApiQuery({ name: 'namespace', required: false })
  async all(@Caller() caller: Claims, @Query() query: unknown, @Req() request: { url: string }, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    return this.#list(await this.owned.all(caller), query, request, reply);
  }

  @Get('applications/:user')
  @ApiOperation({ summary: 'The applications of the caller, and those that his organisation shares. `user`: the own id, the own name, or `me`' })
  @ApiQuery(limitQuery) @ApiQuery(afterQuery) @ApiQuery({ name: 'name', required: false }) @ApiQuery({ name: 'namespace', required: false })
  async mine(@Param('user') user: string, @Caller() caller: Claims, @Query() query: unknown, @Req() request: { url: string }, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    // Oakestra's clients know this by 401.
    if (!['me', caller.userId, caller.sub].includes(user)) throw new Problem(401, 'Unauthorized', 'the applications of another user are not told here; an Admin lists all by GET /api/applications');
    return this.#list(await this.owned.of(caller), query, request, reply);
  }

  @Get('application/:id')
  @ApiOperation({ summary: 'One application' })
  async one(@Param('id') id: string, @Caller() caller: Claims, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    const application = await this.owned.get(id, caller);
    reply.header('etag', applicationEtag(application.body));
    return (await this.#views([application]))[0];
  }

  @Put('application/:id')
  @ApiOperation({ summary: 'Change the description or who may call it; what is not given stays, and so do its microservices' })
  @ApiBody({ schema: schemaOf(changeSchema) })
  @ApiHeader(ifMatchHeader)
  async change(@Param('id') id: string, @Body() body: unknown, @Caller() caller: Claims, @Headers('if-match') ifMatch?: string): Promise<{ message: string }> {
    const { application_name: name, application_namespace: namespace, application_desc: description, network_policy: networkPolicy } = parseBody(changeSchema, body);
    const { body: before } = await this.owned.get(id, caller);
    immutable('application_name', before.name, name);
    immutable('application_namespace', before.namespace, namespace);
    await this.applications.change(id, { ...(description != null && { description }), ...(networkPolicy && { networkPolicy }) }, (record) => { checkMatch(ifMatch, applicationEtag(record)); });
    return { message: 'Application is updated' };
  }

  @Delete('application/:id')
  @ApiOperation({ summary: 'Stop and remove an application with all its microservices' })
  @ApiHeader(ifMatchHeader)
  async remove(@Param('id') id: string, @Caller() caller: Claims, @Headers('if-match') ifMatch?: string): Promise<{ message: string }> {
    checkMatch(ifMatch, applicationEtag((await this.owned.get(id, caller)).body));
    await this.applications.remove(id);
    return { message: 'Application Deleted' };
  }

  #list(all: readonly Document<ApplicationRecord>[], query: unknown, request: { url: string }, reply: Replier): Promise<unknown> {
    const { name, namespace, ...page } = parseBody(listSchema, query);
    const matching = all.filter(({ body }) => (name === undefined || body.name === name) && (namespace === undefined || body.namespace === namespace));
    return this.#views(paged(matching, page, request, reply));
  }

  #views(applications: readonly Document<ApplicationRecord>[]): Promise<Record<string, unknown>[]> {
    return Promise.all(applications.map(async (application) => applicationView(application, (await this.applications.services(application.id)).map(({ id }) => id))));
  }
}

/** Names of the network are made of it. @throws Problem 409 */
function immutable(path: string, before: string, after: string | null | undefined): void {
  if (after == null || after === before) return;
  const message = `is ${JSON.stringify(before)} and can not become ${JSON.stringify(after)}: others find it by that name`;
  throw new Problem(409, 'Immutable', `${path}: ${message}; create another application`, [{ path, message, value: after }]);
}
