import { join } from 'node:path';
import { clusterAssignment, nodeAssignment, nodeRegister, type Fingerprint, type InstanceSpec } from '@oak/contracts';
import type { Bus } from '@oak/messaging/client';
import { parseMicroservice, type Microservice } from '@oak/sla';
import type { CollectionDefinition } from '@oak/store';
import { SqliteStore } from '@oak/store-sqlite';
import { clusterName, startCluster } from './cluster-process.ts';
import { median, type Result } from './result.ts';

const nodes = 10_000;
const perRound = 2_000;
const perMessage = 500;
const rounds = 5;

/** From the order of root to the order to a node, through a real cluster with 10,000 nodes, its bus and its SQLite file; beside the bare writes to such a file. */
export async function p3e(): Promise<Result> {
  const cluster = await startCluster();
  const store = SqliteStore.open(join(cluster.dir, 'bare.db'));
  try {
    await registerAll(cluster.bus);
    const placing = new Placing(cluster.bus);
    await cluster.bus.flush();
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await bareWrites(store, round));
      ours.push(await placing.round(round));
    }
    const value = median(ours);
    return { id: 'P3E', value, target: 1_000, met: value >= 1_000, unit: `placements/s through a cluster of ${nodes} nodes`, samples: ours, detail: { bareInsertAndUpdatePerS: median(bare), ratio: value / median(bare) } };
  } finally {
    await store.close();
    await cluster.stop();
  }
}

async function registerAll(bus: Bus): Promise<void> {
  const names = Array.from({ length: nodes }, (_, at) => `n${String(at).padStart(5, '0')}`);
  await Promise.all(Array.from({ length: 32 }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await bus.request(nodeRegister, fingerprintOf(name), 60_000, clusterName, name);
  }));
}

function fingerprintOf(name: string): Fingerprint {
  const size = 4 * 2 ** (Number(name.slice(1)) % 4);
  const capabilities = { exec: true, console: true, volumes: true, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: true, privileged: false };
  return {
    epoch: 1, sequence: 1,
    description: { hostname: name, arch: 'amd64', kernel: '6', version: '1', total: { vcpus: size, memoryMiB: 1_024 * size, storageMiB: 100_000, vgpus: 0 }, csiDrivers: [], addons: [], labels: {} },
    runtimes: [{ virtualization: 'runc', healthy: true, route: 'r', isDefault: true, capabilities, probedAtMs: 0 }],
  };
}

/** Plays root, and all the nodes' ears. */
class Placing {
  readonly #bus: Bus;
  #revision = 0;
  #waiting = new Set<string>();
  #done: () => void = () => undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.publish(clusterAssignment, { kind: 'complete', epoch: 1, revision: 0, instances: [] }, clusterName);
    bus.subscribe(nodeAssignment, [clusterName], (assignment) => {
      const specs = assignment.kind === 'complete' ? assignment.instances : assignment.assign;
      for (const { id } of specs) this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#done();
    });
  }

  /** Placements per second. */
  async round(round: number): Promise<number> {
    const specs = specsOf(round);
    this.#waiting = new Set(specs.map(({ id }) => id));
    const done = new Promise<void>((resolve) => { this.#done = resolve; });
    const began = performance.now();
    for (let at = 0; at < specs.length; at += perMessage) {
      this.#bus.publish(clusterAssignment, { kind: 'incremental', epoch: 1, basedOn: this.#revision, revision: ++this.#revision, assign: specs.slice(at, at + perMessage), withdraw: [] }, clusterName);
    }
    await done;
    return perRound / ((performance.now() - began) / 1000);
  }
}

/** Of 100 microservices; a third of them wants a port, so that a node takes only one of those. */
function specsOf(round: number): InstanceSpec[] {
  return Array.from({ length: perRound }, (_, at) => {
    const kind = at % 100;
    const id = (round * perRound + at + 1).toString(16).padStart(24, '0');
    return { id, serviceId: kind.toString(16).padStart(24, 'a'), applicationId: 'b'.repeat(24), instanceNumber: round * perRound + at, name: `bench.bench.m${kind}.bench`, attempt: 0, microservice: microserviceOf(kind) };
  });
}

function microserviceOf(kind: number): Microservice {
  const parsed = parseMicroservice({
    microservice_name: `m${kind}`, microservice_namespace: 'bench', virtualization: 'runc', code: 'docker.io/library/busybox:latest', memory: 64, vcpus: 0.1, ...(kind % 3 === 0 && { port: `${8_000 + kind}:80` }),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.microservice;
}

const bareRecords: CollectionDefinition<{ spec: InstanceSpec; status: string }> = { name: 'bare', parse: (input) => input as { spec: InstanceSpec; status: string } };

/** What the same placements write at least: each record once when it comes and once when it is placed. */
async function bareWrites(store: SqliteStore, round: number): Promise<number> {
  const collection = store.collection(bareRecords);
  const specs = specsOf(round);
  const began = performance.now();
  for (let at = 0; at < specs.length; at += perMessage) {
    await collection.insertMany(specs.slice(at, at + perMessage).map((spec) => ({ id: spec.id, body: { spec, status: 'CLUSTER_SCHEDULED' } })));
    for (const { id } of specs.slice(at, at + perMessage)) await collection.update(id, (body) => ({ ...body, status: 'NODE_SCHEDULED' }));
  }
  return perRound / ((performance.now() - began) / 1000);
}
