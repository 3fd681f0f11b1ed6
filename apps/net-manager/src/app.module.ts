import { Module, type DynamicModule } from '@nestjs/common';
import { Net } from './net.ts';

@Module({})
export class AppModule {
  static with(net: Net): DynamicModule {
    return { module: AppModule, providers: [{ provide: Net, useValue: net }] };
  }
}
