import { PlacementIndex, type Candidate, type Demand } from '@oak/scheduling';

/** What a benchmark tells. */
export interface P3Result {
  readonly id: 'P3';
  /** Decisions per second among 10,000 nodes, usage committed after each; median of the rounds. */
  readonly value: number;
  readonly target: number;
  /** Both sizes reach their target. */
  readonly met: boolean;
  readonly unit: 'decisions/s';
  /** One value per round among 10,000 nodes. */
  readonly samples: readonly number[];
  readonly detail: readonly P3Size[];
}

/** One fleet: our index and, in turns with it, a plain scan of an array that keeps no explanation. All in decisions per second, medians. */
export interface P3Size {
  readonly nodes: number;
  readonly target: number;
  readonly index: number;
  readonly scan: number;
  readonly ratio: number;
  /** One microservice again and again, so that most nodes host it in the end. */
  readonly sameMicroservice: number;
  readonly placed: number;
  readonly refused: number;
  readonly samples: readonly number[];
}

const ROUNDS = 5;
const sizes = [
  { nodes: 10_000, target: 10_000, decisions: 4_000, scans: 400 },
  { nodes: 100_000, target: 2_000, decisions: 2_000, scans: 40 },
];

export function p3(): P3Result {
  const detail = sizes.map(measure);
  const [first] = detail as [P3Size];
  return { id: 'P3', value: first.index, target: first.target, met: detail.every(({ index, target }) => index >= target), unit: 'decisions/s', samples: first.samples, detail };
}

function measure({ nodes, target, decisions, scans }: (typeof sizes)[number]): P3Size {
  const random = generator(nodes);
  const fleet = Array.from({ length: nodes }, (_, number) => nodeOf(number, random));
  const index = indexOf(fleet);
  const flat = structuredClone(fleet) as Flat[];
  const samples: number[] = [];
  const scanned: number[] = [];
  const count = { placed: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const demands = Array.from({ length: decisions }, () => demandOf(random));
    samples.push(rate(demands, (demand) => { count[decide(index, demand) ? 'placed' : 'refused'] += 1; }));
    scanned.push(rate(demands.slice(0, scans), (demand) => scan(flat, demand)));
  }
  const same = sameMicroservice(fleet, decisions);
  return { nodes, target, index: median(samples), scan: median(scanned), ratio: median(samples) / median(scanned), sameMicroservice: same, ...count, samples };
}

function decide(index: PlacementIndex, demand: Demand): boolean {
  const { chosen } = index.place(demand);
  return chosen !== undefined && index.commit(chosen, demand);
}

function sameMicroservice(fleet: readonly Candidate[], decisions: number): number {
  const index = indexOf(fleet);
  const demand: Demand = { ...demandOf(() => 0.5), spreadKey: 'one', virtualization: 'docker', archs: [], csiDrivers: [], addons: [], hostPorts: [{ port: 80, protocol: 'tcp' }] };
  return rate(Array.from({ length: 2 * decisions }, () => demand), (one) => decide(index, one));
}

function indexOf(fleet: readonly Candidate[]): PlacementIndex {
  const index = new PlacementIndex();
  for (const candidate of fleet) index.upsert(candidate);
  index.place(demandOf(() => 0.5));
  return index;
}

function nodeOf(number: number, random: () => number): Candidate {
  const vcpus = pick([4, 8, 16, 64], random);
  const total = { vcpus, memoryMiB: vcpus * pick([1024, 2048, 4096], random), storageMiB: 100_000, vgpus: random() < 0.1 ? 2 : 0 };
  const runtimes: Candidate['runtimes'] = {
    docker: { available: true }, runc: { available: true }, ...(random() < 0.5 && { runsc: { available: random() < 0.95, reason: 'its probe failed' } }), ...(random() < 0.2 && { unikernel: { available: true } }),
  };
  return {
    id: `node-${String(number).padStart(6, '0')}`, name: `node-${number}`, archs: [random() < 0.7 ? 'amd64' : 'arm64'], runtimes, total, free: total,
    csiDrivers: random() < 0.3 ? ['csi.oakestra.io/hostpath'] : [], addons: random() < 0.1 ? ['image-builder'] : [], hostPorts: [], hosts: {}, cordoned: random() < 0.02, stale: random() < 0.02,
  };
}

/** One of 500 microservices; two thirds of them ask for more than cores and memory. */
function demandOf(random: () => number): Demand {
  const kind = Math.floor(random() * 500);
  return {
    tier: 'node', name: `m${kind}.bench`, virtualization: pick(['docker', 'docker', 'runsc', 'unikernel'], random), archs: kind % 3 === 0 ? ['amd64'] : [], privileged: false,
    resources: { vcpus: pick([0.1, 0.25, 1], random), memoryMiB: pick([64, 128, 512], random), storageMiB: kind % 5 === 0 ? 100 : 0, vgpus: 0 },
    csiDrivers: kind % 10 === 0 ? ['csi.oakestra.io/hostpath'] : [], addons: kind % 20 === 1 ? ['image-builder'] : [],
    hostPorts: kind % 5 === 2 ? [{ port: 8000 + kind, protocol: 'tcp' }] : [], pins: undefined, spreadKey: `m${kind}`,
  };
}

type Flat = { -readonly [Key in keyof Candidate]: Candidate[Key] };

/** What one writes without an index: look at all, keep the emptiest that fits. */
function scan(fleet: readonly Flat[], { virtualization, archs, resources, csiDrivers, addons }: Demand): void {
  let best: Flat | undefined;
  let bestScore = -1;
  for (const node of fleet) {
    const { free, total } = node;
    if (node.cordoned || node.stale || node.runtimes[virtualization]?.available !== true || free.vcpus < resources.vcpus || free.memoryMiB < resources.memoryMiB) continue;
    if ((archs.length > 0 && !archs.some((arch) => node.archs.includes(arch))) || !csiDrivers.every((name) => node.csiDrivers.includes(name)) || !addons.every((name) => node.addons.includes(name))) continue;
    const score = free.vcpus / total.vcpus + free.memoryMiB / total.memoryMiB;
    if (score > bestScore) { best = node; bestScore = score; }
  }
  if (best) best.free = { ...best.free, vcpus: best.free.vcpus - resources.vcpus, memoryMiB: best.free.memoryMiB - resources.memoryMiB };
}

/** How many of these are done in a second. */
function rate<T>(items: readonly T[], once: (item: T) => void): number {
  const from = performance.now();
  for (const item of items) once(item);
  return Math.round(items.length / ((performance.now() - from) / 1000));
}

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Same numbers in each run, so that runs can be compared. A linear congruential generator; its high bits are good enough for a fleet. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
