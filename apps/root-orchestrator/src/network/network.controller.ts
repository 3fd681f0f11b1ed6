import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { clusterTrace, idSchema, type Trace } from '@oak/contracts';
import { Rejected } from '@oak/messaging';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { askCluster } from '../clusters/ask-cluster.ts';
import { parseBody } from '../http/parse-body.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { OwnedServices } from '../services/owned-services.ts';

const familySchema = z.object({ v: z.enum(['4', '6']).optional() });
const countSchema = z.coerce.number().int().min(1).max(1_000);
const traceSchema = z.object({
  from: idSchema, to: z.string().min(1).max(255), protocol: z.enum(['tcp', 'udp', 'icmp']).default('tcp'), port: z.coerce.number().int().min(1).max(65_535).optional(),
});

@ApiTags('network') @ApiBearerAuth()
@Controller('api')
export class NetworkController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(OwnedServices) private readonly services: OwnedServices) {}

  @Get('pubnet/service/netinfo/available-ip')
  @ApiOperation({ summary: 'The next free service address; reserves nothing (Oakestra\'s path)' })
  @ApiQuery({ name: 'v', required: false, enum: ['4', '6'] })
  available(@Query() query: unknown): unknown[] {
    return this.#available('1', query);
  }

  @Get('pubnet/service/netinfo/available-ip/:count')
  @ApiOperation({ summary: 'Free service addresses, `count` of them; reserves nothing (Oakestra\'s path)' })
  @ApiQuery({ name: 'v', required: false, enum: ['4', '6'] })
  availableMany(@Param('count') count: string, @Query() query: unknown): unknown[] {
    return this.#available(count, query);
  }

  @Get('net/trace')
  @ApiOperation({ summary: 'How a connection of an instance would go, and why it might fail, as its node sees it' })
  @ApiQuery({ name: 'from', description: 'Id of the calling instance' })
  @ApiQuery({ name: 'to', description: 'A name, a service IP, an instance IP or any other address' })
  @ApiQuery({ name: 'protocol', required: false, enum: ['tcp', 'udp', 'icmp'] })
  @ApiQuery({ name: 'port', required: false, schema: { type: 'integer' } })
  async trace(@Query() query: unknown, @Caller() caller: Claims): Promise<Trace> {
    const { port, ...question } = parseBody(traceSchema, query);
    const instance = await this.root.instances.get(question.from);
    if (!instance) throw notFound('instance', question.from);
    await this.services.get(instance.body.serviceId, caller);
    const { cluster } = instance.body;
    if (cluster === undefined) return { ok: false, steps: [{ ok: false, step: 'source', text: `the instance runs nowhere: ${instance.body.detail}` }] };
    try {
      return await this.root.options.bus.request(clusterTrace, { ...question, ...(port !== undefined && { port }) }, askCluster(cluster), cluster);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof Rejected && error.code === 404) return { ok: false, steps: [{ ok: false, step: 'source', text }] };
      throw new Problem(503, 'Cluster unreachable', `cluster ${cluster} does not answer for its node: ${text}`);
    }
  }

  #available(count: string, query: unknown): unknown[] {
    const { v } = parseBody(familySchema, query);
    return this.root.addresses.available(parseBody(countSchema, count)).map(({ ipv4, ipv6 }) => (v === '6'
      ? { Address: '', Address_v6: ipv6, IpType: 'IPv6' } : { Address: ipv4, Address_v6: v === '4' ? '' : ipv6, IpType: 'IPv4' }));
  }
}
