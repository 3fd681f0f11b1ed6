import { Module, type DynamicModule } from '@nestjs/common';
import { Node } from './node.ts';
import { UplinkController } from './uplink/uplink.controller.ts';

@Module({})
export class AppModule {
  static with(node: Node): DynamicModule {
    return { module: AppModule, controllers: [UplinkController], providers: [{ provide: Node, useValue: node }] };
  }
}
