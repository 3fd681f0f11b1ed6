import { Controller, Get, Headers, Inject, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { reaches } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import { Identity } from '../auth/identity.ts';
import type { Claims } from '../auth/tokens.ts';
import { parseBody } from '../http/parse-body.ts';
import { Root } from '../root.ts';
import type { FeedEvent } from './event-feed.ts';

interface RawReply {
  hijack(): void;
  /** What was set before, by hooks too, e.g. for web pages of other origins. */
  getHeaders(): Record<string, string>;
  raw: { writeHead(status: number, headers: Record<string, string>): void; write(text: string): boolean; on(event: 'close', listener: () => void): void; end(): void; writableLength: number; destroyed: boolean };
}

/** A watcher that does not read is cut off before it costs memory. It comes back with Last-Event-ID. */
const maxUnreadBytes = 1 << 20;
const keepAliveMs = 15_000;

const watchSchema = z.object({
  service: z.string().max(64).optional(), application: z.string().max(64).optional(), type: z.enum(['instance', 'cluster', 'node']).optional(),
  last: z.coerce.number().int().min(0).max(4_096).optional(),
});

@ApiTags('events') @ApiBearerAuth()
@Controller('api/events')
export class EventsController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(Identity) private readonly identity: Identity) {}

  @Get()
  @ApiOperation({ summary: 'Changes of instances that the caller may see, of clusters and of nodes, as server-sent events; resumes after Last-Event-ID' })
  @ApiProduces('text/event-stream')
  @ApiQuery({ name: 'service', required: false })
  @ApiQuery({ name: 'application', required: false })
  @ApiQuery({ name: 'type', required: false, enum: ['instance', 'cluster', 'node'] })
  @ApiQuery({ name: 'last', required: false, schema: { type: 'integer', maximum: 4096 }, description: 'So many past events first' })
  watch(@Res() reply: RawReply, @Caller() caller: Claims, @Query() query: unknown, @Headers('last-event-id') lastId?: string): void {
    const { service, application, type, last } = parseBody(watchSchema, query);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write(': watching\n\n');
    const send = (frame: string): void => {
      if (raw.writableLength > maxUnreadBytes) raw.end();
      else if (!raw.destroyed) raw.write(frame);
    };
    const unwatch = this.root.events.watch({
      send, mayHear: (event) => mayHear(caller, event), ...(service !== undefined && { serviceId: service }), ...(application !== undefined && { applicationId: application }), ...(type !== undefined && { type }),
    }, { after: lastId, last });
    const keepAlive = setInterval(() => { send(': still here\n\n'); }, keepAliveMs);
    // The client comes back by itself, with what it may hear then.
    const unguard = this.identity.watch(caller, () => { raw.end(); });
    raw.on('close', () => { clearInterval(keepAlive); unguard(); unwatch(); });
  }
}

function mayHear(caller: Claims, { type, owned }: Pick<FeedEvent, 'type' | 'owned'>): boolean {
  if (type !== 'instance') return true;
  return owned === undefined ? caller.scope === 'all' : reaches(caller, owned);
}
