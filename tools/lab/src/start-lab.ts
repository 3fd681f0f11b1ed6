import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureImages, registryConfig } from '@oak/fixtures';
import {
  adminCredentials, Bundles, clusterProgram, containerdProgram, nodePrograms, registryListen, registryUrlOf, restPort, rootProgram,
} from './apps.ts';
import type { Lab, Program } from './lab.ts';
import { containerdFile, nodeFile } from './node-files.ts';
import { createLab } from './open-lab.ts';
import { untilListed } from './root-rest.ts';
import { type AppName, appNames, type LabOptions, type PlannedCluster, type PlannedHost, planTopology, type Topology } from './topology.ts';

const defaultDeadlineMs = 60_000;

/**
 * A whole installation on this machine: root, clusters, nodes, each on a host of its own, and a registry. Resolves when root lists every node.
 * It goes on when this process ends; `down` ends it.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const topology = planTopology(options);
  const bundles = new Bundles(options.apps);
  await bundles.check(appNames.filter((app) => runs(options, app)));
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'oak-lab-')));
  return createLab(dir, (lab) => new Furnisher(lab, topology, bundles, options).furnish(), options.signal);
}

const runs = ({ without = [] }: LabOptions, app: AppName): boolean => !without.includes(app);

/** Starts what an installation consists of, each tier after the one above it. */
class Furnisher {
  readonly #lab: Lab;
  readonly #topology: Topology;
  readonly #bundles: Bundles;
  readonly #options: LabOptions;

  constructor(lab: Lab, topology: Topology, bundles: Bundles, options: LabOptions) {
    this.#lab = lab;
    this.#topology = topology;
    this.#bundles = bundles;
    this.#options = options;
  }

  async furnish(): Promise<void> {
    await this.#root();
    await Promise.all(this.#topology.clusters.map((cluster) => this.#cluster(cluster)));
    await this.#awaitNodes();
  }

  async #root(): Promise<void> {
    const { root } = this.#topology;
    const dir = await this.#place(root);
    if (this.#options.registry ?? true) await this.#registry(dir);
    await this.#lab.forward(root.name, restPort);
    await this.#lab.keep({ credentialsFile: adminCredentials(dir) });
    await this.#app('root-orchestrator', root, rootProgram(this.#bundles, dir, root));
  }

  async #registry(dir: string): Promise<void> {
    const file = join(dir, 'registry.json');
    await writeFile(file, registryConfig({ listen: registryListen, dir: await ensureImages() }));
    const argv = ['docker-registry', 'serve', file];
    await this.#lab.run('root', { name: 'registry', argv, ready: { kind: 'http', url: `${registryUrlOf({ ...this.#topology.root })}/v2/` } });
  }

  async #cluster(cluster: PlannedCluster): Promise<void> {
    const { root } = this.#topology;
    const dir = await this.#place(cluster);
    const credentials = join(dir, 'uplink.creds');
    const program = clusterProgram(this.#bundles, dir, cluster, root, credentials);
    if (runs(this.#options, 'cluster-orchestrator')) await this.#credentials(root, rootProgram(this.#bundles, this.#dir(root), root), ['cluster', cluster.name], credentials);
    await this.#app('cluster-orchestrator', cluster, program);
    await Promise.all(cluster.nodes.map((node) => this.#node(node, cluster, program)));
  }

  async #node(node: PlannedHost, cluster: PlannedHost, orchestrator: Required<Program>): Promise<void> {
    const dir = await this.#place(node);
    const options = this.#options.node?.(node.name) ?? {};
    const folders = { dir, cgroupParent: `${this.#lab.record.cgroupParent}/${node.name}`, registryUrl: this.#registryUrl() };
    await writeFile(join(dir, 'containerd.toml'), containerdFile(dir, options.runtimes));
    await writeFile(join(dir, 'node.toml'), nodeFile(folders, options));
    if (options.containerdDiskMiB !== undefined) await this.#mountDisk(node, join(dir, 'containerd'), options.containerdDiskMiB);
    await this.#lab.run(node.name, containerdProgram(dir, options));
    const credentials = join(dir, 'node.creds');
    const wanted = (['net-manager', 'node-engine'] as const).filter((app) => runs(this.#options, app));
    if (wanted.length > 0) await this.#credentials(cluster, orchestrator, ['node', node.name], credentials);
    for (const program of nodePrograms(this.#bundles, dir, node, cluster, credentials)) {
      for (const app of wanted.filter((name) => name === program.name)) await this.#app(app, node, program);
    }
  }

  /** Only the host sees it, so it goes when the host does. */
  async #mountDisk({ name }: PlannedHost, folder: string, sizeMiB: number): Promise<void> {
    await mkdir(folder);
    const { exitCode, stderr } = await this.#lab.exec(name, ['mount', '-t', 'tmpfs', '-o', `size=${sizeMiB}M`, 'oak-disk', folder]);
    if (exitCode !== 0) throw new Error(`no disk of ${sizeMiB} MiB on ${name}: ${stderr}`);
  }

  async #awaitNodes(): Promise<void> {
    if (!appNames.every((app) => runs(this.#options, app))) return;
    const names = this.#topology.clusters.flatMap(({ nodes }) => nodes.map(({ name }) => name));
    await untilListed(this.#lab, names, this.#options.deadlineMs ?? defaultDeadlineMs);
  }

  /** @returns the host's disk */
  async #place({ name, role, address }: PlannedHost): Promise<string> {
    await this.#lab.addHost(name, role, address);
    return this.#dir({ name });
  }

  #dir({ name }: Pick<PlannedHost, 'name'>): string {
    return join(this.#lab.dir, name);
  }

  #registryUrl(): string | undefined {
    return (this.#options.registry ?? true) ? registryUrlOf(this.#topology.root) : undefined;
  }

  async #app(app: AppName, host: PlannedHost, program: Program): Promise<void> {
    if (runs(this.#options, app)) await this.#lab.run(host.name, { ...program, env: { ...program.env, ...this.#options.env?.[app] } });
  }

  /** Asks an orchestrator's own command for credentials of the tier below it. */
  async #credentials(host: PlannedHost, { name, env }: Required<Program>, whom: readonly string[], file: string): Promise<void> {
    const extra = this.#options.env?.[name as AppName];
    const outcome = await this.#lab.exec(host.name, this.#bundles.argv(name as AppName, 'credentials', ...whom), { env: { ...env, ...extra } });
    if (outcome.exitCode !== 0) throw new Error(`${name} gives no credentials for ${whom.join(' ')}: ${outcome.stderr}`);
    await writeFile(file, `${outcome.stdout}\n`, { mode: 0o600 });
  }
}
