import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import { clusterLogs, type LogAnswer, type LogLine } from '@oak/contracts';
import { Rejected } from '@oak/messaging';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { askCluster } from '../clusters/ask-cluster.ts';
import { parseBody } from '../http/parse-body.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { OwnedServices } from '../services/owned-services.ts';

const flag = z.union([z.literal(''), z.stringbool()]).transform((value) => value !== false);
const querySchema = z.object({
  tail: z.coerce.number().int().min(0).max(10_000).optional(), follow: flag.default(false), format: z.enum(['text', 'json']).default('text'),
});
const numberSchema = z.object({ number: z.coerce.number().int().min(0).max(1_000_000_000) });

interface Reply { type(contentType: string): Reply; send(body: Readable): Reply }

@ApiTags('instances') @ApiBearerAuth()
@Controller('api')
export class LogsController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(OwnedServices) private readonly services: OwnedServices) {}

  @Get('service/:id/instance/:number/logs')
  @ApiOperation({ summary: 'Output of an instance, from its node; with `follow` the answer goes on while it runs' })
  @ApiProduces('text/plain', 'application/x-ndjson')
  @ApiQuery({ name: 'tail', required: false, description: 'Only the last lines of each stream' })
  @ApiQuery({ name: 'follow', required: false, schema: { type: 'boolean', default: false } })
  @ApiQuery({ name: 'format', required: false, enum: ['text', 'json'], description: 'json: one object with stream and text for each line' })
  async logs(@Param('id') id: string, @Param('number') number: string, @Query() query: unknown, @Caller() caller: Claims, @Res() reply: Reply): Promise<void> {
    await this.services.get(id, caller);
    const { tail, follow, format } = parseBody(querySchema, query);
    const instance = await this.root.instances.find(id, parseBody(numberSchema, { number }).number);
    if (!instance) throw notFound('instance', `${id}/${number}`);
    const { cluster } = instance.body;
    if (cluster === undefined) throw new Problem(409, 'Runs nowhere', `no node has this instance: ${instance.body.detail}`);
    const question = { id: instance.id, follow, ...(tail !== undefined && { tail }) };
    // Asked before the head of the answer leaves, so that a refusal has its own status.
    const first = await this.#ask(cluster, question);
    const print = format === 'json' ? (line: LogLine) => `${JSON.stringify(line)}\n` : ({ text }: LogLine) => `${text}\n`;
    reply.type(format === 'json' ? 'application/x-ndjson' : 'text/plain; charset=utf-8').send(Readable.from(this.#pages(cluster, question, first, print)));
  }

  /** What a reader does not take is not asked for. */
  async * #pages(cluster: string, question: { id: string; follow: boolean }, first: LogAnswer, print: (line: LogLine) => string): AsyncGenerator<string> {
    for (let answer = first; ; answer = await this.#ask(cluster, { ...question, session: answer.session })) {
      if (answer.lines.length > 0) yield answer.lines.map(print).join('');
      if (answer.session === undefined) return;
    }
  }

  async #ask(cluster: string, question: { id: string; follow: boolean; tail?: number; session?: string | undefined }): Promise<LogAnswer> {
    try {
      return await this.root.options.bus.request(clusterLogs, question, { ...askCluster(cluster), timeoutMs: 6_000 }, cluster);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof Rejected && error.code >= 400 && error.code < 500) throw new Problem(error.code === 410 ? 409 : error.code, 'No output', text);
      throw new Problem(503, 'Node unreachable', `the node of this instance does not answer: ${text}`);
    }
  }
}
