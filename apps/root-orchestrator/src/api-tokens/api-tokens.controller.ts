import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { resources, verbs } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { notFound } from '../http/problem.ts';
import type { ApiTokenRecord } from './api-token-record.ts';
import { ApiTokens } from './api-tokens.ts';

const yearS = 365 * 24 * 3_600;
const scopeSchema = z.string().regex(new RegExp(`^(${[...resources, '\\*'].join('|')}):(${[...verbs, '\\*'].join('|')})$`), `expected RESOURCE:VERB with one of ${resources.join(', ')} or *, and one of ${verbs.join(', ')} or *`);
const createSchema = z.object({
  name: z.string().min(1).max(128).describe('For people: what it is for'),
  scopes: z.array(scopeSchema).min(1).max(64).describe('What it may do at most, e.g. ["service:read", "instance:*"]; never more than its owner may'),
  expires_in_s: z.int().min(60).max(yearS).default(30 * 24 * 3_600).describe('Seconds until it is refused, at most a year'),
});

@ApiTags('auth') @ApiBearerAuth()
@Controller('api/tokens')
export class ApiTokensController {
  constructor(@Inject(ApiTokens) private readonly tokens: ApiTokens) {}

  @Post() @HttpCode(201)
  @ApiOperation({ summary: 'Make an API token for a machine; the token itself is in this answer only' })
  @ApiBody({ schema: schemaOf(createSchema) })
  async create(@Body() body: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { name, scopes, expires_in_s: seconds } = parseBody(createSchema, body);
    const { document, token } = await this.tokens.create({ userId: caller.userId, organisation: caller.organization, name, scopes, lifetimeMs: seconds * 1_000 });
    return { ...tokenView(document), token };
  }

  @Get()
  @ApiOperation({ summary: 'The own API tokens, without their secrets' })
  async all(@Caller() caller: Claims): Promise<unknown> {
    return (await this.tokens.of(caller.userId)).map(tokenView);
  }

  @Delete(':id') @HttpCode(200)
  @ApiOperation({ summary: 'Take back an own API token; it is refused from now on' })
  async remove(@Param('id') id: string, @Caller() caller: Claims): Promise<object> {
    if (!await this.tokens.remove(id, caller.userId)) throw notFound('token', id);
    return {};
  }
}

function tokenView({ id, body: { name, organisation, scopes, createdAtMs, expiresAtMs } }: Document<ApiTokenRecord>): object {
  return { id, name, organization: organisation, scopes, created_at: new Date(createdAtMs).toISOString(), expires_at: new Date(expiresAtMs).toISOString() };
}
