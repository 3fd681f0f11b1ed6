import { Controller, Get, Inject, Logger, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { clusterNodes, nameSchema, type NodeView } from '@oak/contracts';
import { z } from 'zod';
import { parseBody } from '../http/parse-body.ts';
import { askCluster } from '../clusters/ask-cluster.ts';
import { Root } from '../root.ts';

const pageSchema = z.object({ cluster: nameSchema.optional(), after: nameSchema.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) });

@ApiTags('nodes') @ApiBearerAuth()
@Controller('api/nodes')
export class NodesController {
  readonly #logger = new Logger('nodes');
  constructor(@Inject(Root) private readonly root: Root) {}

  @Get()
  @ApiOperation({ summary: 'Nodes of all clusters, or a page of those of one (`cluster`, `after`, `limit`), asked of the clusters now' })
  async list(@Query() query: unknown): Promise<{ nodes: unknown[]; unreachable: string[]; next?: string }> {
    const { cluster, after, limit } = parseBody(pageSchema, query);
    const asked = this.root.clusters.all().map(({ record }) => record.name).filter((name) => cluster === undefined || name === cluster);
    const answers = await Promise.all(asked.map((name) => this.#ask(name, limit, cluster === undefined ? undefined : after)));
    const next = cluster === undefined ? undefined : answers[0]?.next;
    return {
      nodes: answers.flatMap(({ name, nodes }) => nodes.map((node) => ({ cluster: name, ...node }))),
      unreachable: answers.filter(({ reachable }) => !reachable).map(({ name }) => name), ...(next !== undefined && { next }),
    };
  }

  async #ask(name: string, limit: number, after: string | undefined): Promise<{ name: string; reachable: boolean; nodes: NodeView[]; next?: string | undefined }> {
    try {
      const { nodes, next } = await this.root.options.bus.request(clusterNodes, { limit, ...(after !== undefined && { after }) }, askCluster(name), name);
      return { name, reachable: true, nodes, next };
    } catch (error) {
      this.#logger.warn(`cluster ${name} does not say which nodes it has: ${String(error)}`);
      return { name, reachable: false, nodes: [] };
    }
  }
}
