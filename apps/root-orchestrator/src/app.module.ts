import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import type { Clock } from '@oak/reconcile';
import { ApiTokensController } from './api-tokens/api-tokens.controller.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { Applications } from './applications/applications.ts';
import { ApplicationsController } from './applications/applications.controller.ts';
import { OwnedApplications } from './applications/owned-applications.ts';
import { AuditController } from './audit/audit.controller.ts';
import { Audit } from './audit/audit.ts';
import { AuthController } from './auth/auth.controller.ts';
import { AuthGuard } from './auth/auth.guard.ts';
import { Identity } from './auth/identity.ts';
import { KeyRing } from './auth/key-ring.ts';
import { Logins } from './auth/logins.ts';
import { Sessions } from './auth/sessions.ts';
import { ClustersController } from './clusters/clusters.controller.ts';
import { ClustersGateway } from './clusters/clusters.gateway.ts';
import { EventsController } from './events/events.controller.ts';
import { ExplainController } from './explain/explain.controller.ts';
import { HealthController } from './health/health.controller.ts';
import { Metrics } from './health/metrics.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.ts';
import { InstancesController } from './instances/instances.controller.ts';
import { LogsController } from './instances/logs.controller.ts';
import { NodesController } from './nodes/nodes.controller.ts';
import { NetworkController } from './network/network.controller.ts';
import { NetworkGateway } from './network/network.gateway.ts';
import { OrganisationsController } from './organisations/organisations.controller.ts';
import { Organisations } from './organisations/organisations.ts';
import type { People } from './people.ts';
import { RolloutController } from './rollout/rollout.controller.ts';
import { Root } from './root.ts';
import { OwnedServices } from './services/owned-services.ts';
import { ServicesController } from './services/services.controller.ts';
import { Accounts } from './users/accounts.ts';
import { ResetPost } from './users/reset-post.ts';
import { UsersController } from './users/users.controller.ts';
import { Users } from './users/users.ts';

export interface Parts {
  readonly root: Root;
  readonly people: People;
  readonly audit: Audit;
  readonly idempotency: Idempotency;
  readonly resetPost: ResetPost;
  readonly clock: Clock;
  readonly newId: () => string;
}

@Module({})
export class AppModule {
  static with({ root, people, audit, idempotency, resetPost, clock, newId }: Parts): DynamicModule {
    const applications = new Applications({ applications: root.applications, services: root.services, instances: root.instances, addresses: root.addresses, retell: (id) => root.retell(id), clock, newId });
    const { users, organisations, sessions, apiTokens, keys, logins, identity } = people;
    return {
      module: AppModule,
      controllers: [
        AuthController, UsersController, OrganisationsController, ApiTokensController, AuditController, ApplicationsController, ServicesController, RolloutController, InstancesController, LogsController,
        ClustersController, NodesController, ExplainController, EventsController, HealthController, NetworkController, ClustersGateway, NetworkGateway,
      ],
      providers: [
        { provide: Root, useValue: root }, { provide: Users, useValue: users }, { provide: Organisations, useValue: organisations }, { provide: Sessions, useValue: sessions },
        { provide: ApiTokens, useValue: apiTokens }, { provide: KeyRing, useValue: keys }, { provide: Logins, useValue: logins }, { provide: Identity, useValue: identity },
        { provide: Audit, useValue: audit }, { provide: Idempotency, useValue: idempotency }, { provide: ResetPost, useValue: resetPost },
        { provide: Accounts, useValue: new Accounts({ users, organisations, sessions, apiTokens, applications: root.applications }) },
        { provide: Applications, useValue: applications }, { provide: Metrics, useValue: new Metrics(root) }, OwnedServices, OwnedApplications,
        { provide: APP_GUARD, useClass: AuthGuard }, { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor }, { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
