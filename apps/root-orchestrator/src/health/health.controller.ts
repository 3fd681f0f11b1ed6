import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { Metrics } from './metrics.ts';

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(Metrics) private readonly metrics: Metrics) {}

  @Get('healthz')
  @ApiOperation({ summary: 'The process lives' })
  healthy(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Store and bus serve' })
  async ready(): Promise<{ status: string }> {
    await this.root.services.count();
    if (this.root.options.bus.status() !== 'connected') throw new Problem(503, 'Not ready', 'the bus is not connected; see the log for the reason');
    return { status: 'ok' };
  }

  @Get('metrics') @Header('content-type', 'text/plain; version=0.0.4')
  @ApiOperation({ summary: 'Prometheus metrics' })
  expose(): Promise<string> {
    return this.metrics.text();
  }
}
