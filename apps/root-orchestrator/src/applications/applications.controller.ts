import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { slaJsonSchema } from '@oak/sla';
import type { Document } from '@oak/store';
import { Caller } from '../auth/claims.decorator.ts';
import type { Claims } from '../auth/tokens.ts';
import { notFound, Problem } from '../http/problem.ts';
import { Root } from '../root.ts';
import { applicationView } from '../services/oakestra-view.ts';
import type { ApplicationRecord } from './application-record.ts';
import { Applications } from './applications.ts';
import { readDescriptor } from './read-descriptor.ts';

@ApiTags('applications') @ApiBearerAuth()
@Controller('api')
export class ApplicationsController {
  constructor(@Inject(Root) private readonly root: Root, @Inject(Applications) private readonly applications: Applications) {}

  @Post('application') @HttpCode(200)
  @ApiOperation({ summary: 'Create the applications of an SLA descriptor, with their microservices; nothing runs yet. Answers with all applications of the caller' })
  @ApiBody({ schema: slaJsonSchema() as Record<string, never> })
  async create(@Body() body: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { sla, warnings, submitted } = readDescriptor(body);
    const made: string[] = [];
    try {
      for (const [at, application] of sla.applications.entries()) made.push((await this.applications.create(caller.sub, application, submitted(at))).id);
    } catch (error) {
      for (const id of made) await this.applications.remove(id);
      throw error;
    }
    const views = await this.#views(await this.#of(caller.sub));
    return views.map((view) => (made.includes(String(view['applicationID'])) && warnings.length > 0 ? { ...view, warnings } : view));
  }

  @Get('applications')
  @ApiOperation({ summary: 'All applications (Admin)' })
  async all(@Caller() caller: Claims): Promise<unknown> {
    if (!caller.roles.includes('Admin')) throw new Problem(403, 'Forbidden', 'You have not enough permissions!');
    return this.#views(await this.root.applications.list());
  }

  @Get('applications/:user')
  @ApiOperation({ summary: 'The applications of the caller' })
  async mine(@Caller() caller: Claims): Promise<unknown> {
    return this.#views(await this.#of(caller.sub));
  }

  @Get('application/:id')
  @ApiOperation({ summary: 'One application' })
  async one(@Param('id') id: string, @Caller() caller: Claims): Promise<unknown> {
    return (await this.#views([await this.#owned(id, caller)]))[0];
  }

  @Delete('application/:id')
  @ApiOperation({ summary: 'Stop and remove an application with all its microservices' })
  async remove(@Param('id') id: string, @Caller() caller: Claims): Promise<{ message: string }> {
    await this.#owned(id, caller);
    await this.applications.remove(id);
    return { message: 'Application Deleted' };
  }

  async #owned(id: string, caller: Claims): Promise<Document<ApplicationRecord>> {
    const found = await this.root.applications.get(id);
    if (!found || (found.body.owner !== caller.sub && !caller.roles.includes('Admin'))) throw notFound('application', id);
    return found;
  }

  #of(owner: string): Promise<Document<ApplicationRecord>[]> {
    return this.root.applications.list({ where: { index: 'name', equals: [owner] } });
  }

  #views(applications: readonly Document<ApplicationRecord>[]): Promise<Record<string, unknown>[]> {
    return Promise.all(applications.map(async (application) => applicationView(application, (await this.applications.services(application.id)).map(({ id }) => id))));
  }
}
