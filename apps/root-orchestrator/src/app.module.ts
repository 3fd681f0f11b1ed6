import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { Clock } from '@oak/reconcile';
import { Applications } from './applications/applications.ts';
import { ApplicationsController } from './applications/applications.controller.ts';
import { AuthController } from './auth/auth.controller.ts';
import { AuthGuard } from './auth/auth.guard.ts';
import { Tokens } from './auth/tokens.ts';
import { Users } from './auth/users.ts';
import { ClustersController } from './clusters/clusters.controller.ts';
import { ClustersGateway } from './clusters/clusters.gateway.ts';
import { EventsController } from './events/events.controller.ts';
import { ExplainController } from './explain/explain.controller.ts';
import { HealthController } from './health/health.controller.ts';
import { Metrics } from './health/metrics.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { InstancesController } from './instances/instances.controller.ts';
import { LogsController } from './instances/logs.controller.ts';
import { NodesController } from './nodes/nodes.controller.ts';
import { NetworkController } from './network/network.controller.ts';
import { NetworkGateway } from './network/network.gateway.ts';
import { Root } from './root.ts';
import { OwnedServices } from './services/owned-services.ts';
import { ServicesController } from './services/services.controller.ts';

export interface Parts {
  readonly root: Root;
  readonly users: Users;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly newId: () => string;
}

@Module({})
export class AppModule {
  static with({ root, users, tokens, clock, newId }: Parts): DynamicModule {
    const applications = new Applications({ applications: root.applications, services: root.services, instances: root.instances, addresses: root.addresses, clock, newId });
    return {
      module: AppModule,
      controllers: [
        AuthController, ApplicationsController, ServicesController, InstancesController, LogsController, ClustersController, NodesController, ExplainController,
        EventsController, HealthController, NetworkController, ClustersGateway, NetworkGateway,
      ],
      providers: [
        { provide: Root, useValue: root }, { provide: Users, useValue: users }, { provide: Tokens, useValue: tokens },
        { provide: Applications, useValue: applications }, { provide: Metrics, useValue: new Metrics(root) }, OwnedServices,
        { provide: APP_GUARD, useClass: AuthGuard }, { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
