import { Controller, Get, Headers, Inject, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Root } from '../root.ts';

interface RawReply {
  hijack(): void;
  raw: { writeHead(status: number, headers: Record<string, string>): void; write(text: string): boolean; on(event: 'close', listener: () => void): void; end(): void; writableLength: number; destroyed: boolean };
}

/** A watcher that does not read is cut off before it costs memory. It comes back with Last-Event-ID. */
const maxUnreadBytes = 1 << 20;
const keepAliveMs = 15_000;

@ApiTags('events')
@Controller('api/events')
export class EventsController {
  constructor(@Inject(Root) private readonly root: Root) {}

  @Get()
  @ApiOperation({ summary: 'Changes of instances, clusters and nodes as server-sent events; resumes after Last-Event-ID' })
  @ApiProduces('text/event-stream')
  @ApiQuery({ name: 'service', required: false })
  @ApiQuery({ name: 'application', required: false })
  @ApiQuery({ name: 'type', required: false, enum: ['instance', 'cluster', 'node'] })
  watch(@Res() reply: RawReply, @Headers('last-event-id') lastId?: string, @Query('service') service?: string, @Query('application') application?: string, @Query('type') type?: string): void {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write(': watching\n\n');
    const send = (frame: string): void => {
      if (raw.writableLength > maxUnreadBytes) raw.end();
      else if (!raw.destroyed) raw.write(frame);
    };
    const unwatch = this.root.events.watch({ send, ...(service !== undefined && { serviceId: service }), ...(application !== undefined && { applicationId: application }), ...(type !== undefined && { type }) }, lastId);
    const keepAlive = setInterval(() => { send(': still here\n\n'); }, keepAliveMs);
    raw.on('close', () => { clearInterval(keepAlive); unwatch(); });
  }
}
