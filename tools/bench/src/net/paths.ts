import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from '@oak/lab';

const exec = promisify(execFile);
const port = '7999';

/** Where a measurement starts and where it leads. `netns` is a named one of the node. */
export interface Path {
  readonly name: string;
  readonly node: string;
  readonly netns: string;
  readonly address: string;
  /** False: the sender's kernel may not hand over segments larger than a packet. */
  readonly offload?: boolean;
}
export interface Figures { readonly rttUs: number; readonly connectUs: number; readonly gbps: number; readonly cpuSecondsPerGB: number }

/** Compiles the two programs of this folder into `dir`. */
export async function compile(dir: string): Promise<{ flow: string; tun: string }> {
  const make = async (name: string): Promise<string> => {
    const program = join(dir, name);
    await exec('gcc', ['-Wall', '-Wextra', '-Werror', '-O2', '-pthread', '-o', program, join(import.meta.dirname, `${name}.c`)]);
    return program;
  };
  return { flow: await make('flow'), tun: await make('tun') };
}

export async function on(lab: Lab, node: string, script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.exec(node, ['sh', '-ec', script]);
  if (exitCode !== 0) throw new Error(`${node}: ${script}: ${stderr}`);
  return stdout;
}

/** Lets a program run in the background of a host; it ends with the lab. */
export async function inBackground(lab: Lab, node: string, netns: string | undefined, command: string): Promise<void> {
  await on(lab, node, `${netns === undefined ? '' : `ip netns exec ${netns} `}${command} >/dev/null 2>&1 & sleep 0.3`);
}

export async function serve(lab: Lab, node: string, netns: string, flow: string): Promise<void> {
  await inBackground(lab, node, netns, `${flow} serve ${port}`);
}

/** One round on one path. The stream's processor time is that of the whole machine, so it is an upper bound on a shared one. */
export async function measure(lab: Lab, { node, netns, address, offload = true }: Path, flow: string, mebibytes: number): Promise<Figures> {
  const run = async (mode: string, count: number): Promise<Record<string, number>> => JSON.parse(await on(lab, node, `ip netns exec ${netns} ${flow} ${mode} ${address} ${port} ${count}`)) as Record<string, number>;
  await on(lab, node, `ip -n ${netns} link set dev eth0 gso_max_segs ${offload ? 65_535 : 1}`);
  const rtt = await run('rtt', 5_000);
  const connect = await run('connect', 500);
  const before = await busySeconds(lab, node);
  const stream = await run('stream', mebibytes);
  const cpu = await busySeconds(lab, node) - before;
  return { rttUs: rtt['p50'] ?? Number.NaN, connectUs: connect['p50'] ?? Number.NaN, gbps: stream['gbps'] ?? Number.NaN, cpuSecondsPerGB: cpu / (mebibytes / 1024) };
}

async function busySeconds(lab: Lab, node: string): Promise<number> {
  const [line = ''] = (await on(lab, node, 'cat /proc/stat')).split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / 100;
}

/** Two namespaces on one bridge: nothing is nearer. */
export async function bridged(lab: Lab, node: string): Promise<{ client: string; server: string; address: string }> {
  const end = (name: string, address: string): string => `ip netns add ${name}; ip link add v${name} mtu 1450 type veth peer name eth0 mtu 1450 netns ${name}; ip link set v${name} master flat up; ip -n ${name} link set lo up; ip -n ${name} link set eth0 up; ip -n ${name} addr add ${address}/24 dev eth0`;
  await on(lab, node, `ip link add flat type bridge; ip link set flat up; ${end('flata', '10.98.0.1')}; ${end('flatb', '10.98.0.2')}`);
  return { client: 'flata', server: 'flatb', address: '10.98.0.2' };
}

/** A namespace behind each of two nodes, with the nodes as routers: what the machines' own network can do. */
export async function routed(lab: Lab, [a, b]: readonly [string, string], prefix = 'rt', via?: { readonly device: string }): Promise<{ client: string; server: string; address: string }> {
  const subnet = via ? '10.97' : '10.96';
  const end = async (node: string, n: number, other: number, peer: string): Promise<void> => {
    const [name, away] = [`${prefix}${n}`, via ? `dev ${via.device}` : `via ${lab.host(peer).address}`];
    await on(lab, node, `ip netns add ${name}; ip link add v${name} mtu 1450 type veth peer name eth0 mtu 1450 netns ${name}; ip addr add ${subnet}.${n}.1/24 dev v${name}; ip link set v${name} up; ip -n ${name} link set lo up; ip -n ${name} link set eth0 up; ip -n ${name} addr add ${subnet}.${n}.2/24 dev eth0; ip -n ${name} route add default via ${subnet}.${n}.1; ip route add ${subnet}.${other}.0/24 ${away}; echo 1 > /proc/sys/net/ipv4/ip_forward`);
  };
  await end(a, 1, 2, b);
  await end(b, 2, 1, a);
  return { client: `${prefix}1`, server: `${prefix}2`, address: `${subnet}.2.2` };
}

/** The same, but every packet between the nodes passes through a program. */
export async function tunnelled(lab: Lab, nodes: readonly [string, string], tun: string): Promise<{ client: string; server: string; address: string }> {
  for (const [node, peer] of [nodes, nodes.toReversed()] as const) {
    await inBackground(lab, node ?? '', undefined, `${tun} usertun 50200 ${lab.host(peer ?? '').address} 50200`);
    await on(lab, node ?? '', 'ip link set usertun mtu 1450 up');
  }
  return routed(lab, nodes, 'tn', { device: 'usertun' });
}
