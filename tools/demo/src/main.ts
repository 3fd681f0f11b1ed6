import { execa } from 'execa';
import { fetchFrom, interruption, RootClient, startLab, untilInterrupted, type InstanceView, type Lab, type ServiceView } from '@oak/lab';
import Table from 'cli-table3';
import colours from 'picocolors';
import { beside, called, seed } from './descriptors.ts';

const once = process.argv.includes('--once');
const plain = Boolean(process.env['CI']) || !process.stdout.isTTY;
const began = performance.now();

function say(text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  console.log(plain ? `${seconds} s  ${text}` : `${colours.dim(`${seconds} s`)}  ${text}`);
}

function expect(seen: boolean, what: string): void {
  if (!seen) throw new Error(`not seen: ${what}`);
  say(plain ? `seen: ${what}` : `${colours.green('seen:')} ${what}`);
}

interface ClusterView { cluster_name: string; active_nodes: number; virtualization: string[]; runtimes: { virtualization: string; healthy: number; unhealthy: number; reasons: { node: string; reason: string }[] }[] }

/** A cluster tells root what its nodes can do a moment after they said so. */
async function clustersWith(root: RootClient, nodes: number): Promise<ClusterView[]> {
  for await (const _hint of root.events('type=cluster', AbortSignal.timeout(10_000))) {
    const clusters = await root.call<ClusterView[]>('GET', '/api/clusters/');
    if (clusters.reduce((sum, cluster) => sum + cluster.active_nodes, 0) >= nodes) return clusters;
  }
  throw new Error(`root does not see ${nodes} nodes`);
}

async function showRuntimes(root: RootClient): Promise<void> {
  const clusters = await clustersWith(root, 2);
  const table = new Table({ head: ['cluster', 'runtime', 'nodes where it works', 'where not, and why'], style: plain ? { head: [], border: [] } : {}, colWidths: [10, 10, 22, 70], wordWrap: true });
  for (const { cluster_name: name, runtimes } of clusters) {
    for (const one of runtimes) table.push([name, one.virtualization, String(one.healthy), one.reasons.map(({ node, reason }) => `${node}: ${reason}`).join('\n') || '-']);
  }
  console.log(table.toString());
}

function showInstances(rows: readonly { service: ServiceView; instance: InstanceView }[]): void {
  const table = new Table({ head: ['microservice', 'runtime', 'node', 'service address', 'instance address', 'status', 'start (ms)'], style: plain ? { head: [], border: [] } : {} });
  for (const { service, instance } of rows) {
    table.push([service.microservice_name, `${instance.virtualization ?? '-'} (${instance.route ?? '-'})`, instance.node ?? '-', service.RR_ip, instance.instance_ip ?? '-', instance.status, String(Math.round(instance.phases_ms?.['total'] ?? 0))]);
  }
  console.log(table.toString());
}

async function http(lab: Lab, host: string, url: string): Promise<string> {
  const { status, text } = await fetchFrom(lab, host, url);
  return `${status} ${text.replace(/\s+/g, ' ').slice(0, 200)}`;
}

/** What the kernel that the workload sees says of itself. */
async function dmesg(lab: Lab, node: string, id: string): Promise<string> {
  const socket = `${lab.dir}/${node}/containerd.sock`;
  const { stdout, stderr } = await lab.exec(node, ['ctr', '-a', socket, '-n', 'oakestra', 'tasks', 'exec', '--exec-id', `demo-${process.pid}`, id, '/bin/busybox', 'dmesg']);
  return `${stdout}${stderr}`;
}

async function play(lab: Lab): Promise<void> {
  const root = await RootClient.login(lab);
  say('one root, one cluster, two nodes; the second has no runsc in its containerd configuration');
  await showRuntimes(root);

  const [web] = await root.submit(seed);
  const [plainWeb, client, nowhere] = await root.submit(beside);
  if (!web || !plainWeb || !client || !nowhere) throw new Error('a descriptor came back without its microservices');
  for (const service of [web, plainWeb, client, nowhere]) await root.deploy(service.microserviceID);
  const running = (instance: InstanceView): boolean => instance.status === 'RUNNING';
  const gvisor = await root.until(web.microserviceID, 0, running);
  const runc = await root.until(plainWeb.microserviceID, 0, running);
  const caller = await root.until(client.microserviceID, 0, running);
  showInstances([{ service: web, instance: gvisor }, { service: plainWeb, instance: runc }, { service: client, instance: caller }]);
  expect(gvisor.virtualization === 'runsc' && gvisor.node === 'c1n1', 'the descriptor of the documentation, unchanged, runs under runsc on the only node that has it');

  const gvisorPage = await http(lab, gvisor.node ?? '', `http://${gvisor.namespace_ip ?? ''}/`);
  expect(gvisorPage.startsWith('200'), `nginx under runsc answers: ${gvisorPage}`);
  const kernel = await dmesg(lab, gvisor.node ?? '', gvisor.id);
  expect(/gVisor/.test(kernel), `its kernel is gVisor: ${kernel.split('\n').find((line) => line.includes('gVisor'))?.trim() ?? ''}`);
  const runcPage = await http(lab, runc.node ?? '', `http://${runc.namespace_ip ?? ''}/`);
  expect(runcPage.startsWith('200'), `nginx under runc answers: ${runcPage}`);
  const port = await http(lab, 'root', `http://${lab.host(runc.node ?? '').address}:8080/`);
  expect(port.startsWith('200'), `and at port 8080 of its node, from another machine: ${port.slice(0, 60)}`);
  expect(!/gVisor/.test(await dmesg(lab, runc.node ?? '', runc.id)), 'its kernel is the host\'s own');

  const heard = await pagesOf(root, client.microserviceID);
  for (const url of called) expect(heard.has(url), `a client on the other node (${caller.node ?? ''}) calls ${url}: ${heard.get(url)?.slice(0, 110) ?? ''}`);

  const waiting = await root.until(nowhere.microserviceID, 0, (instance) => instance.status === 'NoActiveClusterWithCapacity');
  expect(/lacks runtime runu/.test(waiting.status_detail), `the third waits, and says why: ${waiting.status_detail}`);

  await root.call('DELETE', `/api/service/${plainWeb.microserviceID}/instance/0`);
  await untilGone(root, plainWeb.microserviceID);
  expect(true, 'an instance was stopped and is gone');
}

/** What the client was answered, by address, read from its output as it comes. */
async function pagesOf(root: RootClient, serviceId: string): Promise<ReadonlyMap<string, string>> {
  const heard = new Map<string, string>();
  const output = await fetch(`${root.url}/api/service/${serviceId}/instance/0/logs?follow=true`, { headers: { authorization: `Bearer ${root.token}` }, signal: AbortSignal.timeout(20_000) });
  try {
    for await (const chunk of output.body ?? []) {
      for (const line of Buffer.from(chunk).toString().split('\n')) { const [url = '', ...page] = line.split(' '); if (page.length > 0) heard.set(url, page.join(' ')); }
      if (called.every((url) => heard.has(url))) break;
    }
  } catch (error) {
    say(`the client's output ended: ${String(error)}`);
  }
  return heard;
}

async function untilGone(root: RootClient, serviceId: string): Promise<void> {
  const patience = AbortSignal.timeout(20_000);
  for await (const _hint of root.events(`service=${serviceId}`, patience)) {
    if ((await root.service(serviceId)).instance_list.length === 0) return;
  }
}

/** Bundles are made when something changed; nx knows. */
async function build(): Promise<void> {
  await execa('nx', ['run-many', '-t', 'build', '--output-style=static'], { preferLocal: true, stdout: 'ignore', stderr: 'inherit', stdin: 'ignore' });
}

async function main(): Promise<void> {
  // From here on, so that Ctrl-C in the middle of a start takes down what there is.
  const signal = interruption();
  await build();
  say('starting a lab');
  const lab = await startLab({ signal, clusters: 1, nodes: 2, node: (name) => (name === 'c1n2' ? { runtimes: ['runc', 'crun'] } : {}) });
  try {
    const interrupted = new Promise<never>((_resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error); }, { once: true }); });
    await Promise.race([play(lab), interrupted]);
    if (once) return;
    const { username, password } = await lab.credentials();
    say(`it stays up: ${lab.restUrl}/api/docs   user ${username}   password ${password}   (Ctrl-C ends it)`);
    await untilInterrupted(signal);
  } finally {
    say('taking the lab down');
    await lab.down();
  }
}

try {
  await main();
  say('done');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
