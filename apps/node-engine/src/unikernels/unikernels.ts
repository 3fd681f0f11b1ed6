import { mkdirSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import type { Runtime, WorkloadLogs } from '@oak/runtime';
import { findProgram, RegistryClient, type RegistryConfigs } from '@oak/runtime-containerd';
import { KernelStore, KraftLauncher, probeDriver, QemuDriver, UnikraftRuntime, type Accelerator, type ProbeResult, type UnikernelDriver } from '@oak/runtime-unikraft';
import type { NodeFile } from '../config.ts';
import type { CatalogueHandler, CatalogueRoute } from '../fingerprint/runtime-catalogue.ts';
import { packageRegistry } from './package-registry.ts';

/** One way to boot unikernels. */
export interface UnikernelRoute extends CatalogueRoute {
  readonly accelerator: Accelerator;
  /** Undefined: QEMU by ourselves. */
  readonly kraft: string | undefined;
}

export interface UnikernelsOptions {
  readonly driver: 'auto' | 'kraft' | 'qemu' | 'off';
  readonly file: NodeFile;
  readonly stateDir: string;
  readonly logs: WorkloadLogs;
  readonly registries: RegistryConfigs;
}

/** What the catalogue of runtimes needs to know of unikernels. */
export interface Unikernels {
  /** Undefined: this node has no unikernels at all. */
  readonly handler: CatalogueHandler | undefined;
  readonly routes: readonly UnikernelRoute[];
  find(program: string): string | undefined;
  runtimeFor(route: UnikernelRoute, version: string | undefined): Runtime;
  probe(route: UnikernelRoute, signal: AbortSignal): Promise<ProbeResult>;
  close(): Promise<void>;
}

export const isUnikernelRoute = (route: CatalogueRoute): route is UnikernelRoute => 'accelerator' in route;

const ownPath = process.env['PATH'] ?? '';
/** Kernels for other architectures would need another QEMU, machine and probe. */
const supported = 'x64';

/** Unikernels of this node, by the first way that boots a guest. */
export function openUnikernels({ driver, file, stateDir, logs, registries }: UnikernelsOptions): Unikernels {
  const { unikernels: settings } = file;
  const machines = join(stateDir, 'unikernels');
  mkdirSync(machines, { recursive: true, mode: 0o700 });
  const registry = new RegistryClient({ registries, timeouts: { connectMs: file.registry_connect_timeout_s * 1000 } });
  const kernels = new KernelStore({
    dir: join(stateDir, 'kernels'), architecture: 'amd64', registry: packageRegistry(registry), localDirs: settings.local_dirs, authorize: authorizeBy(registries),
    maxKernelBytes: settings.max_kernel_mib * 2 ** 20, maxCacheBytes: settings.cache_mib * 2 ** 20, connectMs: file.registry_connect_timeout_s * 1000,
  });
  const find = (program: string): string | undefined => findProgram(program, ownPath);
  const driverFor = ({ accelerator, binary, kraft }: UnikernelRoute, version: string | undefined): UnikernelDriver => {
    const launcher = kraft === undefined ? undefined : new KraftLauncher({ kraft: find(kraft) ?? kraft, accelerator });
    return new QemuDriver({ program: (binary === undefined ? undefined : find(binary)) ?? settings.qemu, accelerator, version, stateDir: machines, cgroupParent: file.cgroup_parent, ...(launcher && { launcher }) });
  };
  return {
    handler: driver === 'off' || arch() !== supported ? undefined : { name: 'unikernel', isDefault: false },
    routes: routesOf(driver, settings), find,
    runtimeFor: (route, version) => new UnikraftRuntime({ driver: driverFor(route, version), kernels, logs, defaultMemoryMiB: settings.memory_mib, maxMemoryMiB: settings.max_memory_mib }),
    probe: (route, signal) => probeDriver(driverFor(route, undefined), signal, route.accelerator === 'kvm' ? kvmProbeMs : undefined),
    close: async () => {
      await Promise.all([kernels.close(), registry.close()]);
    },
  };
}

/** What hardware does is done in an instant; some machines have a /dev/kvm on which nothing ever runs. */
const kvmProbeMs = 5_000;

/** In the order in which they are tried. Machines of one are seen and ended by the other, too. */
function routesOf(driver: UnikernelsOptions['driver'], { qemu, kraft, allow_emulation: allowEmulation }: NodeFile['unikernels']): UnikernelRoute[] {
  const accelerators: readonly Accelerator[] = allowEmulation ? ['kvm', 'tcg'] : ['kvm'];
  const programs = [qemu, 'ip', 'mkfifo', 'nsenter', 'setpriv', 'unshare'];
  const route = (name: string, accelerator: Accelerator, through: string | undefined): UnikernelRoute => ({
    label: `${name}, ${accelerator}`, accelerator, kraft: through, binary: qemu, place: 'our PATH', requires: through === undefined ? programs : [through, 'setsid', ...programs],
  });
  return [
    ...(driver === 'qemu' ? [] : accelerators.map((accelerator) => route('kraft', accelerator, kraft))), ...(driver === 'kraft' ? [] : accelerators.map((accelerator) => route('qemu', accelerator, undefined))),
  ];
}

/** For a URL of a host that is among the registries. */
function authorizeBy(registries: RegistryConfigs): (url: URL) => string | undefined {
  return ({ host }) => {
    const { username, password } = registries[host] ?? {};
    return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  };
}
