import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BusStrategy } from '@oak/messaging';
import { AppModule } from './app.module.ts';
import { Node, type NodeOptions } from './node.ts';
import { served } from './served.ts';

export { Node, type NodeOptions } from './node.ts';

/** A node on any bus, store, clock, network and runtimes, with all that it hears: for installations that live in one process. */
export async function openNode(options: NodeOptions): Promise<{ node: Node; close: () => Promise<void> }> {
  const node = new Node(options);
  const app = await NestFactory.createMicroservice(AppModule.with(node), { strategy: new BusStrategy(options.bus, [options.cluster, options.node], { served }), logger: false });
  await app.listen();
  await node.start();
  return { node, close: async () => { await app.close(); await node.stop(); } };
}
