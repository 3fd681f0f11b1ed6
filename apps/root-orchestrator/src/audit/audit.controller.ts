import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { parseBody } from '../http/parse-body.ts';
import { Audit } from './audit.ts';
import type { AuditRecord } from './audit-record.ts';

const count = z.coerce.number().int().min(1).max(1_000);
const pageSchema = z.object({ limit: count.default(100), after: z.string().max(64).optional(), last: count.optional(), actor: z.string().max(256).optional() });

@ApiTags('audit') @ApiBearerAuth()
@Controller('api/audit')
export class AuditController {
  constructor(@Inject(Audit) private readonly audit: Audit) {}

  @Get()
  @ApiOperation({ summary: 'Who wanted to change what, and whether he could: of everybody (Admin) or of the own organisation. In the order of time, page by page' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', default: 100, maximum: 1000 } })
  @ApiQuery({ name: 'after', required: false, description: 'The last id of the page before' })
  @ApiQuery({ name: 'last', required: false, schema: { type: 'integer', maximum: 1000 }, description: 'Only the newest' })
  @ApiQuery({ name: 'actor', required: false, description: 'Name of a user' })
  async page(@Query() query: unknown, @Caller() caller: Claims): Promise<unknown> {
    const question = parseBody(pageSchema, query);
    const entries = await this.audit.page({ ...question, ...(caller.scope !== 'all' && { organisation: caller.organization }) });
    return { entries: entries.map(view), next: question.last === undefined && entries.length === question.limit ? entries.at(-1)?.id : null };
  }
}

function view({ id, body: { atMs, actor, organisation, address, method, path, status } }: Document<AuditRecord>): object {
  return { id, at: new Date(atMs).toISOString(), actor: actor ?? null, organization: organisation ?? null, address, method, path, status };
}
