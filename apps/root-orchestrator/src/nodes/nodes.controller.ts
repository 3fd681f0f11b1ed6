import { Body, Controller, Get, Inject, Logger, Param, Patch, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { clusterCordon, clusterNodes, nameSchema, type NodeView } from '@oak/contracts';
import { Rejected } from '@oak/messaging';
import { z } from 'zod';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { askCluster } from '../clusters/ask-cluster.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';

const pageSchema = z.object({ cluster: nameSchema.optional(), after: nameSchema.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) });
const pathSchema = z.object({ cluster: nameSchema, node: nameSchema });
const changeSchema = z.strictObject({ cordoned: z.boolean().describe('true: gets nothing new; what runs there stays') });

@ApiTags('nodes') @ApiBearerAuth()
@Controller('api/nodes')
export class NodesController {
  readonly #logger = new Logger('nodes');
  constructor(@Inject(Root) private readonly root: Root) {}

  @Get()
  @ApiOperation({ summary: 'Nodes of all clusters, or a page of those of one (`cluster`, `after`, `limit`), asked of the clusters now' })
  async list(@Query() query: unknown, @Caller() caller: Claims): Promise<{ nodes: unknown[]; unreachable: string[]; next?: string }> {
    const { cluster, after, limit } = parseBody(pageSchema, query);
    const asked = this.root.clusters.all().map(({ record }) => record.name).filter((name) => cluster === undefined || name === cluster);
    const answers = await Promise.all(asked.map((name) => this.#ask(name, limit, cluster === undefined ? undefined : after)));
    const next = cluster === undefined ? undefined : answers[0]?.next;
    const shown = caller.may('node', 'read') ? (node: NodeView) => node : withoutAddresses;
    return {
      nodes: answers.flatMap(({ name, nodes }) => nodes.map((node) => ({ cluster: name, ...shown(node) }))),
      unreachable: answers.filter(({ reachable }) => !reachable).map(({ name }) => name), ...(next !== undefined && { next }),
    };
  }

  @Patch(':cluster/:node')
  @ApiOperation({ summary: 'Close a node to new instances, or open it again (Admin, Infrastructure_Provider). Its cluster keeps it over restarts' })
  @ApiBody({ schema: schemaOf(changeSchema) }) @ApiParam({ name: 'cluster' }) @ApiParam({ name: 'node' })
  async change(@Param() path: unknown, @Body() body: unknown): Promise<unknown> {
    const { cluster, node } = parseBody(pathSchema, path);
    const { cordoned } = parseBody(changeSchema, body);
    if (!this.root.clusters.get(cluster)) throw notFound('cluster', cluster);
    const view = await this.#cordon(cluster, node, cordoned);
    this.root.events.nodeCordoned(cluster, view);
    return { cluster, ...view };
  }

  async #cordon(cluster: string, node: string, cordoned: boolean): Promise<NodeView> {
    try {
      return (await this.root.options.bus.request(clusterCordon, { node, cordoned }, askCluster(cluster), cluster)).node;
    } catch (error) {
      if (error instanceof Rejected && error.code === 404) throw notFound('node', `${cluster}/${node}`);
      throw new Problem(503, 'Cluster unreachable', `cluster ${cluster} did not confirm it, so node ${node} may be as before; ask again: ${error instanceof Error ? error.message : String(error)}`);
    }
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

/** Who only lets things run need not know where machines are reached, nor what their operator wrote on them. */
function withoutAddresses({ description: { address: _, ...description }, ...node }: NodeView): NodeView {
  return { ...node, description: { ...description, labels: {} }, subnets: [] };
}
