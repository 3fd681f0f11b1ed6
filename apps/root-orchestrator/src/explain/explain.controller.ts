import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { clusterExplain } from '@oak/contracts';
import { demandOf, explainEach, place } from '@oak/scheduling';
import { slaJsonSchema, type Microservice } from '@oak/sla';
import { readMicroservices } from '../applications/read-descriptor.ts';
import { askCluster } from '../clusters/ask-cluster.ts';
import { Root } from '../root.ts';

@ApiTags('placement') @ApiBearerAuth()
@Controller('api/explain')
export class ExplainController {
  constructor(@Inject(Root) private readonly root: Root) {}

  @Post() @HttpCode(200)
  @ApiOperation({ summary: 'Who would take the microservices of this descriptor, and why not the others. Places nothing' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never> })
  async explain(@Body() body: unknown): Promise<unknown> {
    const { microservices, warnings } = readMicroservices(body);
    return { microservices: await Promise.all(microservices.map(async ({ name, microservice }) => ({ name, ...await this.#one(microservice) }))), warnings };
  }

  async #one(microservice: Microservice): Promise<object> {
    const demand = demandOf(microservice, 'cluster', '');
    const candidates = this.root.clusters.candidates();
    const verdicts = await Promise.all(explainEach(demand, candidates).map(async (verdict) => ({ ...verdict, ...await this.#nodes(verdict.id, microservice) })));
    return { explanation: place(demand, candidates).explanation, clusters: verdicts };
  }

  /** Each cluster answers for its nodes, also one that root would refuse: that is what the asker wants to know. */
  async #nodes(cluster: string, microservice: Microservice): Promise<object> {
    if (!this.root.clusters.get(cluster)?.active) return { nodes: [], nodes_unknown: 'the cluster is silent' };
    try {
      const { nodes, explanation } = await this.root.options.bus.request(clusterExplain, { microservice }, askCluster(cluster), cluster);
      return { nodes, node_explanation: explanation };
    } catch (error) {
      return { nodes: [], nodes_unknown: `the cluster did not answer: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
}
