import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findNatsServer } from '@oak/identity';
import { fetchFrom, RootClient, startLab, type Lab } from '@oak/lab';
import type { Result } from './result.ts';
import { submitSleeper, watchRunning } from './workload.ts';

const nodes = 4;
const services = 10;
const windowMs = 60_000;
const monitorPort = 8_222;
/** The real Oakestra's, measured natively on a machine of this size: kB a minute, idle and with ten services. */
const oakestra = { node: { idle: 27, services: 74 }, uplink: { idle: 53, services: 276 } };

interface Totals { readonly node: number; readonly messages: number; readonly uplink: number; readonly wire: number }

/** What an idle installation says, as its own nats-server counts it: per node, and from the cluster to root. Beside it what the machine's wire carries, heads and acknowledgements included. */
export async function p5(): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'oak-bench-'));
  try {
    const lab = await startLab({ clusters: 1, nodes, node: () => ({ runtimes: ['runc'] }), env: { 'cluster-orchestrator': { NATS_SERVER: await monitored(dir) }, 'node-engine': { OAK_STOP_GRACE_MS: '100' } } });
    try {
      return await measureIn(lab);
    } finally {
      await lab.down();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function measureIn(lab: Lab): Promise<Result> {
  await pause(5_000);
  const idle = await minute(lab);
  const root = await RootClient.login(lab);
  const ids = await Promise.all(Array.from({ length: services }, (_, at) => submitSleeper(root, `p5x${at}`)));
  for (const id of ids) {
    const { ready, running } = watchRunning(root, id, 1);
    await ready;
    await root.deploy(id);
    await running;
  }
  await pause(5_000);
  const busy = await minute(lab);
  return {
    id: 'P5', value: idle.node, target: 2, met: idle.node <= 2 && busy.uplink <= idle.uplink * 1.5, unit: 'kB of messages per idle node and minute', samples: [idle.node, busy.node],
    detail: {
      idle, withTenServices: busy,
      ofOakestra: {
        node: { idle: idle.node / oakestra.node.idle, services: busy.node / oakestra.node.services }, wire: { idle: idle.wire / oakestra.node.idle, services: busy.wire / oakestra.node.services },
        uplink: { idle: idle.uplink / oakestra.uplink.idle, services: busy.uplink / oakestra.uplink.services },
      },
    },
  };
}

/** Forty signs of life a minute (OAK_HEARTBEAT_MS) are nearly all of it: the price of finding a loss within five seconds. In kB and messages per minute; `node`, `messages` and `wire` for one node. */
async function minute(lab: Lab): Promise<Totals> {
  const before = await totals(lab);
  const began = performance.now();
  await pause(windowMs);
  const after = await totals(lab);
  const minutes = (performance.now() - began) / 60_000;
  const per = (key: keyof Totals, share: number, unit: number): number => Math.round(((after[key] - before[key]) / minutes / share / unit) * 100) / 100;
  return { node: per('node', nodes, 1_000), messages: per('messages', nodes, 1), uplink: per('uplink', 1, 1_000), wire: per('wire', nodes, 1_000) };
}

interface Counted { readonly name?: string; readonly in_bytes: number; readonly out_bytes: number; readonly in_msgs: number; readonly out_msgs: number }

async function totals(lab: Lab): Promise<Totals> {
  const { connections } = await monitor<{ connections: Counted[] }>(lab, 'connz');
  const { leafs } = await monitor<{ leafs: Counted[] }>(lab, 'leafz');
  const ofNodes = connections.filter(({ name }) => name === 'node-engine' || name === 'net-manager');
  if (ofNodes.length !== 2 * nodes) throw new Error(`expected ${2 * nodes} connections of nodes, found ${ofNodes.length}`);
  const sum = (all: readonly Counted[], of: (one: Counted) => number): number => all.reduce((total, one) => total + of(one), 0);
  const wires = await Promise.all(Array.from({ length: nodes }, (_, at) => wireBytes(lab, `c1n${at + 1}`)));
  return {
    node: sum(ofNodes, (one) => one.in_bytes + one.out_bytes), messages: sum(ofNodes, (one) => one.in_msgs + one.out_msgs),
    uplink: sum(leafs, (one) => one.out_bytes), wire: wires.reduce((total, one) => total + one, 0),
  };
}

async function monitor<T>(lab: Lab, what: string): Promise<T> {
  return JSON.parse((await fetchFrom(lab, 'c1', `http://127.0.0.1:${monitorPort}/${what}?limit=1000`)).text) as T;
}

/** Both ways, over every interface that leads away; instances say nothing here. */
async function wireBytes(lab: Lab, node: string): Promise<number> {
  const { stdout } = await lab.exec(node, ['cat', '/proc/net/dev']);
  const lines = stdout.split('\n').map((line) => line.trim()).filter((line) => /^(eth|wire)\d*:/.test(line));
  if (lines.length === 0) throw new Error(`no interface that leads away from ${node}:\n${stdout}`);
  return lines.reduce((total, line) => { const fields = line.split(/[:\s]+/); return total + Number(fields[1]) + Number(fields[9]); }, 0);
}

/** The same nats-server, with its counters on the host's loopback. */
async function monitored(dir: string): Promise<string> {
  const file = join(dir, 'nats-server');
  await writeFile(file, `#!/bin/sh\nexec ${findNatsServer(process.env)} -m ${monitorPort} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}
