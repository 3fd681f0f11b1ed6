import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { slaJsonSchema } from '@oak/sla';
import type { Document } from '@oak/store';
import { Applications } from '../applications/applications.ts';
import { readDescriptor } from '../applications/read-descriptor.ts';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { serviceView } from './oakestra-view.ts';
import type { ServiceRecord } from './service-record.ts';
import { OwnedServices } from './owned-services.ts';

@ApiTags('services') @ApiBearerAuth()
@Controller('api')
export class ServicesController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(Applications) private readonly applications: Applications, @Inject(OwnedServices) private readonly owned: OwnedServices) {}

  @Post('service') @HttpCode(200)
  @ApiOperation({ summary: 'Add microservices to an application: a descriptor whose first application carries its applicationID' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never> })
  async create(@Body() body: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { sla, warnings, submitted } = readDescriptor(body);
    const id = sla.applications[0]?.applicationID ?? '';
    const application = await this.root.applications.get(id);
    if (!application || (application.body.owner !== caller.sub && !caller.roles.includes('Admin'))) throw notFound('application', id || '(applicationID is empty)');
    const deployed: { service_name: string; status: number; microserviceID: string }[] = [];
    for (const one of submitted(0)) {
      deployed.push({ service_name: one.parsed.microservice_name, status: 200, microserviceID: await this.applications.addService(application, one) });
    }
    return { job_id: deployed.at(-1)?.microserviceID, deployed_services: deployed, failed_services: [], ...(warnings.length > 0 && { warnings }) };
  }

  @Get('service/:id')
  @ApiOperation({ summary: 'One microservice with its instances' })
  async one(@Param('id') id: string, @Caller() caller: Claims): Promise<unknown> {
    return this.#view(await this.owned.get(id, caller));
  }

  @Get('services')
  @ApiOperation({ summary: 'All microservices (Admin)' })
  async all(@Caller() caller: Claims): Promise<unknown> {
    if (!caller.roles.includes('Admin')) throw new Problem(403, 'Forbidden', 'You have not enough permissions!');
    const services = await this.root.services.list();
    return Promise.all(services.filter(({ body }) => !body.deleting).map((service) => this.#view(service)));
  }

  @Get('services/:application')
  @ApiOperation({ summary: 'The microservices of an application' })
  async ofApplication(@Param('application') id: string, @Caller() caller: Claims): Promise<unknown> {
    const application = await this.root.applications.get(id);
    if (!application || (application.body.owner !== caller.sub && !caller.roles.includes('Admin'))) throw notFound('application', id);
    return Promise.all((await this.applications.services(id)).map((service) => this.#view(service)));
  }

  @Delete('service/:id')
  @ApiOperation({ summary: 'Stop and remove a microservice' })
  async remove(@Param('id') id: string, @Caller() caller: Claims): Promise<{ message: string }> {
    await this.owned.get(id, caller);
    await this.applications.removeService(id);
    return { message: 'Job deleted' };
  }

  async #view(service: Document<ServiceRecord>): Promise<Record<string, unknown>> {
    return serviceView(service, await this.root.instances.of(service.id), this.root.clusters);
  }
}
