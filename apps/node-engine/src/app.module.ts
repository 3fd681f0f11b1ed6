import { Module, type DynamicModule } from '@nestjs/common';
import { LogsController } from './logs/logs.controller.ts';
import { Node } from './node.ts';
import { UplinkController } from './uplink/uplink.controller.ts';

@Module({})
export class AppModule {
  static with(node: Node): DynamicModule {
    return { module: AppModule, controllers: [UplinkController, LogsController], providers: [{ provide: Node, useValue: node }] };
  }
}
