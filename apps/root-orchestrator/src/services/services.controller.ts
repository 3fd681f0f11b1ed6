import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { slaJsonSchema } from '@oak/sla';
import type { Document } from '@oak/store';
import { z } from 'zod';
import { Applications } from '../applications/applications.ts';
import { OwnedApplications } from '../applications/owned-applications.ts';
import { readDescriptor } from '../applications/read-descriptor.ts';
import { reaches } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { dryRunQuery, flagSchema, idempotencyHeader, ifMatchHeader } from '../http/api-parameters.ts';
import { checkMatch } from '../http/etag.ts';
import { afterQuery, limitQuery, paged, pageSchema, type PageQuestion, type Replier } from '../http/pages.ts';
import { parseBody } from '../http/parse-body.ts';
import { Root } from '../root.ts';
import { serviceView } from './oakestra-view.ts';
import type { ServiceRecord } from './service-record.ts';
import { serviceEtag } from './service-etag.ts';
import { OwnedServices } from './owned-services.ts';

const createQuerySchema = z.object({ dryRun: flagSchema });
const listSchema = pageSchema.extend({ name: z.string().max(128).optional() });

@ApiTags('services') @ApiBearerAuth()
@Controller('api')
export class ServicesController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(Applications) private readonly applications: Applications, @Inject(OwnedServices) private readonly owned: OwnedServices, @Inject(OwnedApplications) private readonly ownedApplications: OwnedApplications) {}

  @Post('service') @HttpCode(200)
  @ApiOperation({ summary: 'Add microservices to an application: a descriptor whose first application carries its applicationID' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never> })
  @ApiQuery(dryRunQuery) @ApiHeader(idempotencyHeader)
  async create(@Body() body: unknown, @Query() query: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { dryRun } = parseBody(createQuerySchema, query);
    const { sla, warnings, submitted } = readDescriptor(body);
    const application = await this.ownedApplications.get(sla.applications[0]?.applicationID ?? '', caller);
    if (dryRun) {
      await this.applications.checkServices(application.body, submitted(0));
      return { dry_run: true, warnings, services: sla.applications[0]?.microservices };
    }
    const deployed: { service_name: string; status: number; microserviceID: string }[] = [];
    for (const one of submitted(0)) {
      deployed.push({ service_name: one.parsed.microservice_name, status: 200, microserviceID: await this.applications.addService(application, one) });
    }
    return { job_id: deployed.at(-1)?.microserviceID, deployed_services: deployed, failed_services: [], ...(warnings.length > 0 && { warnings }) };
  }

  @Get('service/:id')
  @ApiOperation({ summary: 'One microservice with its instances' })
  async one(@Param('id') id: string, @Caller() caller: Claims, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    const service = await this.owned.get(id, caller);
    reply.header('etag', serviceEtag(service.body));
    return this.#view(service);
  }

  @Get('services')
  @ApiOperation({ summary: 'All microservices (Admin), or those of the organisation (Organization_Admin)' })
  @ApiQuery(limitQuery) @ApiQuery(afterQuery) @ApiQuery({ name: 'name', required: false })
  async all(@Caller() caller: Claims, @Query() query: unknown, @Req() request: { url: string }, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    const { name, ...page } = parseBody(listSchema, query);
    const services = (await this.root.services.list()).filter(({ body }) => !body.deleting && reaches(caller, body));
    return this.#list(services, { name, page }, request, reply);
  }

  @Get('services/:application')
  @ApiOperation({ summary: 'The microservices of an application' })
  @ApiQuery(limitQuery) @ApiQuery(afterQuery) @ApiQuery({ name: 'name', required: false })
  async ofApplication(@Param('application') id: string, @Caller() caller: Claims, @Query() query: unknown, @Req() request: { url: string }, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    const { name, ...page } = parseBody(listSchema, query);
    await this.ownedApplications.get(id, caller);
    return this.#list(await this.applications.services(id), { name, page }, request, reply);
  }

  @Delete('service/:id')
  @ApiOperation({ summary: 'Stop and remove a microservice' })
  @ApiHeader(ifMatchHeader)
  async remove(@Param('id') id: string, @Caller() caller: Claims, @Headers('if-match') ifMatch?: string): Promise<{ message: string }> {
    checkMatch(ifMatch, serviceEtag((await this.owned.get(id, caller)).body));
    await this.applications.removeService(id);
    return { message: 'Job deleted' };
  }

  #list(all: readonly Document<ServiceRecord>[], { name, page }: { readonly name: string | undefined; readonly page: PageQuestion }, request: { url: string }, reply: Replier): Promise<unknown> {
    const matching = all.filter(({ body }) => name === undefined || body.microservice.microservice_name === name || body.name === name);
    return Promise.all(paged(matching, page, request, reply).map((service) => this.#view(service)));
  }

  async #view(service: Document<ServiceRecord>): Promise<Record<string, unknown>> {
    return serviceView(service, await this.root.instances.of(service.id), this.root.clusters);
  }
}
