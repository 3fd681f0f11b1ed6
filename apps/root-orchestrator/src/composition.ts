import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BusStrategy } from '@oak/messaging';
import { Applications } from './applications/applications.ts';
import { ClustersGateway } from './clusters/clusters.gateway.ts';
import { NetworkGateway } from './network/network.gateway.ts';
import { Root, type RootOptions } from './root.ts';
import { served } from './served.ts';

export { Applications } from './applications/applications.ts';
export { readDescriptor } from './applications/read-descriptor.ts';
export { Root, type RootOptions } from './root.ts';

@Module({})
class BusOnly {}

/** Root on any bus, store and clock, with all that it hears and without HTTP: for installations that live in one process. */
export async function openRoot(options: RootOptions): Promise<{ root: Root; applications: Applications; close: () => Promise<void> }> {
  const root = new Root(options);
  const module = { module: BusOnly, controllers: [ClustersGateway, NetworkGateway], providers: [{ provide: Root, useValue: root }] };
  const app = await NestFactory.createMicroservice(module, { strategy: new BusStrategy(options.bus, [], { served }), logger: false });
  await app.listen();
  await root.start();
  const applications = new Applications({ ...options, applications: root.applications, services: root.services, instances: root.instances, addresses: root.addresses, retell: (id) => root.retell(id) });
  return { root, applications, close: async () => { await app.close(); await root.stop(); } };
}
