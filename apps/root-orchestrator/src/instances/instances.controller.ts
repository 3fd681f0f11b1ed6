import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { instanceStatusSchema } from '@oak/contracts';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { reaches } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { idempotencyHeader } from '../http/api-parameters.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { instanceView } from '../services/oakestra-view.ts';
import { OwnedServices } from '../services/owned-services.ts';
import type { InstanceRecord } from './instance-record.ts';

const deploySchema = z.object({ count: z.int().min(1).max(1_000).default(1).describe('How many more instances.') });
const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100), after: z.string().max(64).optional(),
  service: z.string().max(64).optional(), status: instanceStatusSchema.optional(), cluster: z.string().max(63).optional(),
});

@ApiTags('instances') @ApiBearerAuth()
@Controller('api')
export class InstancesController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(OwnedServices) private readonly services: OwnedServices) {}

  @Post('service/:id/instance') @HttpCode(200)
  @ApiOperation({ summary: 'Deploy one more instance, or `count` more. Answers at once; watch /api/events or the service' })
  @ApiBody({ schema: schemaOf(deploySchema), required: false }) @ApiHeader(idempotencyHeader)
  async create(@Param('id') id: string, @Caller() caller: Claims, @Body() body?: unknown): Promise<unknown> {
    await this.services.get(id, caller);
    const { count } = parseBody(deploySchema, isOurs(body) ? body : {});
    const made = await this.root.rollouts.create(id, count);
    if (!made) throw notFound('service', id);
    return { message: 'ok', instance_number: made[0]?.number, instances: made.map((one) => ({ id: one.id, instance_number: one.number })) };
  }

  @Delete('service/:id/instance/:number')
  @ApiOperation({ summary: 'Stop and remove an instance; -1 = all' })
  async remove(@Param('id') id: string, @Param('number') number: string, @Caller() caller: Claims): Promise<{ message: string }> {
    await this.services.get(id, caller);
    await this.root.rollouts.remove(id, number === '-1' ? await this.root.instances.of(id) : [await this.#find(id, number)]);
    return { message: 'ok' };
  }

  @Get('service/:id/instance/:number')
  @ApiOperation({ summary: 'One instance' })
  async one(@Param('id') id: string, @Param('number') number: string, @Caller() caller: Claims): Promise<unknown> {
    await this.services.get(id, caller);
    return instanceView(await this.#find(id, number), this.root.clusters);
  }

  @Get('service/:id/instance/:number/explain')
  @ApiOperation({ summary: 'Why this instance is where it is, or why it waits' })
  async explain(@Param('id') id: string, @Param('number') number: string, @Caller() caller: Claims): Promise<unknown> {
    await this.services.get(id, caller);
    const { body } = await this.#find(id, number);
    return {
      instance_number: body.number, status: body.status, status_detail: body.detail, cluster: body.cluster ?? null, node: body.report?.node ?? null,
      root: body.explanation ?? null, cluster_decision: body.report?.explanation ?? null,
      handed_back: body.refusals.map(({ cluster, text }) => ({ cluster, text })),
    };
  }

  @Get('instances')
  @ApiOperation({ summary: 'Instances, page by page, by id (Admin), or those of the organisation (Organization_Admin)' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', default: 100, maximum: 1000 } })
  @ApiQuery({ name: 'after', required: false, description: 'The last id of the page before' })
  @ApiQuery({ name: 'service', required: false })
  @ApiQuery({ name: 'status', required: false })
  @ApiQuery({ name: 'cluster', required: false })
  async page(@Caller() caller: Claims, @Query() query: unknown): Promise<unknown> {
    const { limit, after, service, status, cluster } = parseBody(pageSchema, query);
    const page = await this.root.instances.page({ limit, ...(after && { after }), ...(service && { serviceId: service }), ...(status && { status }), ...(cluster && { cluster }) });
    const seen = caller.scope === 'all' ? page : await this.#within(page, caller);
    return { instances: seen.map((one) => instanceView(one, this.root.clusters)), next: page.length === limit ? page.at(-1)?.id : null };
  }

  /** A page may have fewer than it could; `next` says whether there are more. */
  async #within(page: readonly Document<InstanceRecord>[], caller: Claims): Promise<Document<InstanceRecord>[]> {
    const ids = [...new Set(page.map(({ body }) => body.serviceId))];
    const known = new Set((await Promise.all(ids.map((id) => this.root.services.get(id)))).flatMap((service) => (service && reaches(caller, service.body) ? [service.id] : [])));
    return page.filter(({ body }) => known.has(body.serviceId));
  }

  async #find(serviceId: string, number: string): Promise<Document<InstanceRecord>> {
    if (!/^\d{1,9}$/.test(number)) throw new Problem(422, 'Invalid request', `instance number ${JSON.stringify(number)}: expected a whole number`, [{ path: 'number', message: 'expected a whole number', value: number }]);
    const found = await this.root.instances.find(serviceId, Number(number));
    if (!found) throw notFound('instance', `${serviceId}/${number}`);
    return found;
  }
}

/** Oakestra's clients send nothing here, or what they find at hand (a whole descriptor); only our own body says how many. */
function isOurs(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'count' in body;
}
