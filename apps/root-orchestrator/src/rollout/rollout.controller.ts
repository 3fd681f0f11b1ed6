import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { slaJsonSchema } from '@oak/sla';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { dryRunQuery, flagSchema, ifMatchHeader } from '../http/api-parameters.ts';
import { checkMatch } from '../http/etag.ts';
import type { Replier } from '../http/pages.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { Root } from '../root.ts';
import { rolloutView } from '../services/oakestra-view.ts';
import { OwnedServices } from '../services/owned-services.ts';
import { serviceEtag } from '../services/service-etag.ts';
import type { ServiceRecord } from '../services/service-record.ts';
import { changedMicroservice, isSame } from './changed-microservice.ts';
import { versionsOf } from './describe.ts';
import type { RolloutPolicy } from './rollouts.ts';

const mostInstances = 10_000;
const policySchema = z.object({
  surge: z.coerce.number().int().min(1).max(100).default(1), patience_s: z.coerce.number().int().min(1).max(86_400).default(300), order: z.enum(['start_first', 'stop_first']).default('start_first'), on_failure: z.enum(['rollback', 'stop']).default('rollback'), dryRun: flagSchema,
});
const scaleSchema = z.strictObject({ instances: z.int().min(0).max(mostInstances).nullable().describe('How many there shall be from now on; null: as many as there are, by hand again') });
const scaleQuerySchema = z.object({ dryRun: flagSchema });
const backSchema = z.object({ version: z.int().positive().optional().describe('Default: the one before') });
const surgeQuery = { name: 'surge', required: false, schema: { type: 'integer', default: 1, maximum: 100 }, description: 'New instances that may be starting at once' } as const;
const patienceQuery = { name: 'patience_s', required: false, schema: { type: 'integer', default: 300 }, description: 'Seconds that each new instance may take until it answers' } as const;
const orderQuery = { name: 'order', required: false, enum: ['start_first', 'stop_first'], description: 'stop_first: an old one goes before the new one starts, for what can not be there twice, such as a host port. Default: start_first' } as const;
const failureQuery = { name: 'on_failure', required: false, enum: ['rollback', 'stop'], description: 'What happens when one does not come up. Default: rollback' } as const;

@ApiTags('services') @ApiBearerAuth()
@Controller('api/service/:id')
export class RolloutController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(OwnedServices) private readonly services: OwnedServices) {}

  @Put()
  @ApiOperation({ summary: 'Change what a microservice is, its runtime too. Its instances are replaced one after the other: a new one answers before an old one goes' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never>, description: 'A descriptor that holds the microservice, or the microservice alone' })
  @ApiQuery(surgeQuery) @ApiQuery(patienceQuery) @ApiQuery(orderQuery) @ApiQuery(failureQuery) @ApiQuery(dryRunQuery) @ApiHeader(ifMatchHeader)
  async update(@Param('id') id: string, @Body() body: unknown, @Query() query: unknown, @Caller() caller: Claims, @Res({ passthrough: true }) reply: Replier, @Headers('if-match') ifMatch?: string): Promise<unknown> {
    const { dryRun, ...policy } = policyOf(query);
    const { body: before } = await this.services.get(id, caller);
    const { microservice, submitted, warnings } = changedMicroservice(body, before);
    checkMatch(ifMatch, serviceEtag(before));
    const said = { ...(warnings.length > 0 && { warnings }), ...(dryRun && { dry_run: true }) };
    if (isSame(microservice, before.microservice)) return { message: 'Nothing changes', ...stateOf(before, reply), ...said };
    if (dryRun) return { message: 'Service would be updated', version: before.lastVersion + 1, instances: (await this.root.instances.of(id)).filter((one) => one.body.desired === 'run').length, ...said };
    const after = await this.root.rollouts.update(id, microservice, submitted, policy, (record) => { checkMatch(ifMatch, serviceEtag(record)); });
    return { message: 'Service is updated', ...stateOf(after, reply), ...said };
  }

  @Put('scale')
  @ApiOperation({ summary: 'How many instances there shall be. Instances are made and removed until it is so, now and later' })
  @ApiBody({ schema: schemaOf(scaleSchema) })
  @ApiQuery(dryRunQuery) @ApiHeader(ifMatchHeader)
  async scale(@Param('id') id: string, @Body() body: unknown, @Query() query: unknown, @Caller() caller: Claims, @Res({ passthrough: true }) reply: Replier, @Headers('if-match') ifMatch?: string): Promise<unknown> {
    const { instances: wished } = parseBody(scaleSchema, body);
    const { dryRun } = parseBody(scaleQuerySchema, query);
    const { body: before } = await this.services.get(id, caller);
    checkMatch(ifMatch, serviceEtag(before));
    if (dryRun) return { message: 'ok', dry_run: true, instances: (await this.root.instances.of(id)).filter((one) => one.body.desired === 'run').length, instances_wished: wished };
    return { message: 'ok', ...stateOf(await this.root.rollouts.scale(id, wished ?? undefined, (record) => { checkMatch(ifMatch, serviceEtag(record)); }), reply) };
  }

  @Post('rollback') @HttpCode(200)
  @ApiOperation({ summary: 'Make a microservice again what it was, in the same way as an update' })
  @ApiBody({ schema: schemaOf(backSchema), required: false })
  @ApiQuery(surgeQuery) @ApiQuery(patienceQuery) @ApiQuery(orderQuery) @ApiHeader(ifMatchHeader)
  async rollback(@Param('id') id: string, @Body() body: unknown, @Query() query: unknown, @Caller() caller: Claims, @Res({ passthrough: true }) reply: Replier, @Headers('if-match') ifMatch?: string): Promise<unknown> {
    const { version } = parseBody(backSchema, body ?? {});
    const { dryRun: _, ...policy } = policyOf(query);
    await this.services.get(id, caller);
    const after = await this.root.rollouts.goBack(id, version, { ...policy, onFailure: 'stop' }, (record) => { checkMatch(ifMatch, serviceEtag(record)); });
    return { message: 'Service is updated', ...stateOf(after, reply) };
  }

  @Get('versions')
  @ApiOperation({ summary: 'What a microservice was and is, the oldest first' })
  async versions(@Param('id') id: string, @Caller() caller: Claims): Promise<unknown> {
    const { body } = await this.services.get(id, caller);
    return versionsOf(body).map(({ version, microservice, createdAtMs }) => ({ version, current: version === body.version, created_at: createdAtMs / 1000, microservice }));
  }
}

function policyOf(query: unknown): RolloutPolicy & { readonly dryRun: boolean } {
  const { surge, patience_s: patience, order, on_failure: onFailure, dryRun } = parseBody(policySchema, query);
  return { surge, patienceMs: patience * 1_000, order, onFailure, dryRun };
}

function stateOf(record: ServiceRecord, reply: Replier): object {
  reply.header('etag', serviceEtag(record));
  return { version: record.version, instances_wished: record.wished ?? null, ...(record.rollout && { rollout: rolloutView(record.rollout) }) };
}
