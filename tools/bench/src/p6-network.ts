import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RootClient, type InstanceView, type Lab } from '@oak/lab';
import { bridged, compile, measure, routed, serve, tunnelled, type Figures, type Path } from './net/paths.ts';
import { median, type Result } from './result.ts';

const rounds = 5;
const nodes = ['c1n1', 'c1n2'] as const;
const netnsOf = ({ id }: InstanceView): string => `oak-${id}`;

/** A service address beside the same path without it, on one node and across two, and beside paths of other makes. In turns, medians. */
export async function p6(lab: Lab): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'oak-bench-net-'));
  try {
    const { flow, tun } = await compile(dir);
    const paths = await pathsOf(lab, flow, tun);
    const samples = new Map<string, Figures[]>(paths.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) for (const path of paths) samples.get(path.name)?.push(await measure(lab, path, flow, 512));
    const table = Object.fromEntries([...samples].map(([name, figures]) => [name, medians(figures)]));
    const ratios = Object.fromEntries((['same node', 'across nodes'] as const).map((where) => [where, ratioOf(table[`${where}: service IP`], table[`${where}: namespace IP`])]));
    const worst = Math.max(...Object.values(ratios).map(({ rtt }) => rtt));
    const met = Object.values(ratios).every(({ rtt, connect, throughput }) => rtt <= 1.1 && connect <= 1.15 && throughput >= 0.9);
    return { id: 'P6', value: worst, target: 1.1, met, unit: 'x round trip of the same path without a service IP', samples: [...samples.values()].flat().map(({ rttUs }) => rttUs), detail: { ratios, medians: table } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function pathsOf(lab: Lab, flow: string, tun: string): Promise<Path[]> {
  const root = await RootClient.login(lab);
  const [client, near, far] = await instances(root);
  const [a, b] = nodes;
  await serve(lab, a, netnsOf(near.instance), flow);
  await serve(lab, b, netnsOf(far.instance), flow);
  const [flat, plain, user] = [await bridged(lab, a), await routed(lab, nodes), await tunnelled(lab, nodes, tun)];
  await serve(lab, a, flat.server, flow);
  for (const { server } of [plain, user]) await serve(lab, b, server, flow);
  const own = { node: a, netns: netnsOf(client.instance) };
  return [
    { name: 'same node: service IP', ...own, address: near.serviceIp },
    { name: 'same node: namespace IP', ...own, address: near.instance.namespace_ip ?? '' },
    { name: 'same node: bridge without an overlay', node: a, netns: flat.client, address: flat.address },
    { name: 'across nodes: service IP', ...own, address: far.serviceIp },
    { name: 'across nodes: namespace IP', ...own, address: far.instance.namespace_ip ?? '' },
    { name: 'across nodes: routed without an overlay', node: a, netns: plain.client, address: plain.address },
    { name: 'across nodes: tunnel through a program', node: a, netns: user.client, address: user.address },
    { name: 'across nodes: service IP, no segmentation offload', node: a, netns: own.netns, address: far.serviceIp, offload: false },
  ];
}

interface Measured { readonly instance: InstanceView; readonly serviceIp: string }

/** A caller and a server on the first node, a server on the second. They sleep: what is measured runs in their network. */
async function instances(root: RootClient): Promise<[Measured, Measured, Measured]> {
  const microservice = (name: string, node: string): unknown => ({
    microservice_name: name, microservice_namespace: 'bench', virtualization: 'runc', code: 'docker.io/library/busybox:latest', cmd: ['sleep', '3600'], memory: 0, vcpus: 0, constraints: [{ type: 'direct', node }],
  });
  const services = await root.submit({
    sla_version: 'v2.0', applications: [{ application_name: 'p6', application_namespace: 'bench', microservices: [microservice('client', nodes[0]), microservice('near', nodes[0]), microservice('far', nodes[1])] }],
  });
  const found = await Promise.all(services.map(async ({ microserviceID, RR_ip: serviceIp }) => {
    await root.deploy(microserviceID);
    return { instance: await root.until(microserviceID, 0, ({ status }) => status === 'RUNNING'), serviceIp };
  }));
  return found as [Measured, Measured, Measured];
}

function medians(figures: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => Number(median(figures.map((one) => one[key])).toFixed(2));
  return { rttUs: of('rttUs'), connectUs: of('connectUs'), gbps: of('gbps'), cpuSecondsPerGB: of('cpuSecondsPerGB') };
}

function ratioOf(service: Figures | undefined, plain: Figures | undefined): { rtt: number; connect: number; throughput: number } {
  if (!service || !plain) throw new Error('a path was not measured');
  const ratio = (a: number, b: number): number => Number((a / b).toFixed(3));
  return { rtt: ratio(service.rttUs, plain.rttUs), connect: ratio(service.connectUs, plain.connectUs), throughput: ratio(service.gbps, plain.gbps) };
}
