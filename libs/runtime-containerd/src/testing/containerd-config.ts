import { stringify } from 'smol-toml';

/** One OCI handler as it stands in containerd's configuration. */
export interface HandlerConfig {
  /** e.g. `io.containerd.runc.v2`. */
  readonly runtimeType: string;
  /** As the shim spells them, e.g. `BinaryName`, `ConfigPath`. */
  readonly options?: Readonly<Record<string, string | boolean>>;
}

export interface ContainerdConfig {
  readonly dir: string;
  readonly socket: string;
  readonly handlers: Readonly<Record<string, HandlerConfig>>;
  readonly defaultHandler?: string;
}

const criPlugins = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime'];

/** Handlers stay readable in the file although the plugins that would use them are off: a gRPC client reads them itself. */
const criSection = (config: ContainerdConfig) => ({
  containerd: {
    ...(config.defaultHandler === undefined ? {} : { default_runtime_name: config.defaultHandler }),
    runtimes: Object.fromEntries(
      Object.entries(config.handlers).map(([name, { runtimeType, options }]) => [name, { runtime_type: runtimeType, options: options ?? {} }]),
    ),
  },
});

/** Version 2 is read by containerd 1.6 and migrated by 2.x. Nothing in it points outside `dir`. */
export function containerdConfig(config: ContainerdConfig): string {
  return stringify({
    version: 2,
    root: `${config.dir}/root`,
    state: `${config.dir}/state`,
    disabled_plugins: criPlugins,
    grpc: { address: config.socket },
    plugins: {
      'io.containerd.internal.v1.opt': { path: `${config.dir}/opt` },
      'io.containerd.nri.v1.nri': { disable: true },
      'io.containerd.grpc.v1.cri': criSection(config),
    },
  });
}
