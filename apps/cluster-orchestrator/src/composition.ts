import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BusStrategy } from '@oak/messaging';
import { AppModule } from './app.module.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { served } from './served.ts';

export { Cluster, type ClusterOptions } from './cluster.ts';

/** A cluster on any bus, store and clock, with all that it hears and without HTTP: for installations that live in one process. */
export async function openCluster(options: ClusterOptions): Promise<{ cluster: Cluster; close: () => Promise<void> }> {
  const cluster = new Cluster(options);
  const app = await NestFactory.createMicroservice(AppModule.with(cluster), { strategy: new BusStrategy(options.bus, [options.cluster], { served }), logger: false });
  await cluster.start();
  await app.listen();
  return { cluster, close: async () => { await app.close(); await cluster.stop(); } };
}
