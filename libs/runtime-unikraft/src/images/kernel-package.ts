import { RuntimeError } from '@oak/runtime';

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and hex. */
  readonly digest: string;
  readonly size: number;
}

export interface PackageEntry extends Descriptor {
  readonly platform?: { readonly os: string; readonly architecture: string } | undefined;
}

export type PackageManifest =
  | { readonly kind: 'index'; readonly digest: string; readonly manifests: readonly PackageEntry[] }
  | { readonly kind: 'manifest'; readonly digest: string; readonly config: Descriptor; readonly layers: readonly Descriptor[] };

export interface PackageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
}

/** One repository of a registry, with the node's mirrors and credentials. What comes back is verified, layers excepted. Failures are `RuntimeError`s. */
export interface PackageRepository {
  readonly tagOrDigest: string;
  manifest(tagOrDigest: string, signal: AbortSignal): Promise<PackageManifest>;
  config(descriptor: Descriptor, signal: AbortSignal): Promise<PackageConfig>;
  blob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface PackageRegistry {
  /** @throws RuntimeError invalid: no reference */
  open(reference: string): PackageRepository;
}

/** As Unikraft's packages spell it -> as OCI does. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };
/** Platforms that QEMU boots, the best first: packages name what they are linked for. */
const platforms = ['qemu', 'kvm', 'linux'];

/** The package for this machine out of an index. @throws RuntimeError invalid, with what there is instead */
export function choosePackage(entries: readonly PackageEntry[], architecture: string, name: string): PackageEntry {
  const ranked = entries.flatMap((entry) => {
    const { os = '', architecture: offered = '' } = entry.platform ?? {};
    const rank = platforms.indexOf(os);
    return rank >= 0 && (architectures[offered] ?? offered) === architecture ? [{ entry, rank }] : [];
  });
  const [best] = ranked.toSorted((one, other) => one.rank - other.rank);
  if (best) return best.entry;
  const offered = entries.map(({ platform }) => (platform ? `${platform.os}/${platform.architecture}` : 'unknown'));
  throw new RuntimeError('invalid', `kernel ${name}: no package for qemu/${architecture} in this index, it has: ${[...new Set(offered)].join(', ') || 'nothing'}`);
}
