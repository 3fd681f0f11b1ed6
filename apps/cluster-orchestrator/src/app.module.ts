import { Module, type DynamicModule } from '@nestjs/common';
import { Cluster } from './cluster.ts';
import { InstancesController } from './instances/instances.controller.ts';
import { NetworkController } from './network/network.controller.ts';
import { NodesController } from './nodes/nodes.controller.ts';
import { StatusController } from './status/status.controller.ts';
import { UplinkController } from './uplink/uplink.controller.ts';

@Module({})
export class AppModule {
  static with(cluster: Cluster): DynamicModule {
    return { module: AppModule, controllers: [NodesController, InstancesController, NetworkController, UplinkController, StatusController], providers: [{ provide: Cluster, useValue: cluster }] };
  }
}
