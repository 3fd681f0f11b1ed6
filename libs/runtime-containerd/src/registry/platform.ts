import { RuntimeError } from '@oak/runtime';

/** As OCI spells it: `linux`, `amd64`, `v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Node's spelling -> OCI's. What is missing here is spelled alike. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le', mipsel: 'mipsle' };

/** The platform that this machine runs, from `process.arch` and the ARM version that node was built for. */
export function platformOf(arch: string, armVersion?: number): Platform {
  const architecture = architectures[arch] ?? arch;
  return { os: 'linux', architecture, ...(architecture === 'arm' ? { variant: `v${armVersion ?? 7}` } : {}) };
}

export const platformText = ({ os, architecture, variant }: Platform): string => [os, architecture, ...(variant ? [variant] : [])].join('/');

/** Higher is better; undefined: this machine cannot run it. An ARM machine runs older variants too, the newest first. */
export function fitness(wanted: Platform, offered: Platform): number | undefined {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return undefined;
  const [want, offer] = [wanted, offered].map(versionOf);
  if (want === undefined || offer === undefined) return 0;
  return offer <= want ? offer : undefined;
}

/** The first of the best. `invalid` with what there is instead, when nothing fits. */
export function choosePlatform<T extends { readonly platform?: Platform | undefined }>(entries: readonly T[], wanted: Platform, image: string): T {
  const ranked = entries.flatMap((entry) => {
    const rank = entry.platform && fitness(wanted, entry.platform);
    return rank === undefined ? [] : [{ entry, rank }];
  });
  const best = ranked.reduce<(typeof ranked)[number] | undefined>((top, one) => (top && top.rank >= one.rank ? top : one), undefined);
  if (best) return best.entry;
  const offered = [...new Set(entries.flatMap(({ platform }) => (platform && platform.os !== 'unknown' ? [platformText(platform)] : [])))];
  throw new RuntimeError('invalid', `image ${image}: no ${platformText(wanted)} in this index, it has: ${offered.join(', ') || 'nothing'}`);
}

/** Only ARM's variants are ordered; 64-bit ARM without one is v8. */
function versionOf({ architecture, variant }: Platform): number | undefined {
  if (architecture === 'arm64' && !variant) return 8;
  if (architecture === 'arm' && !variant) return 7;
  return variant ? Number(/^v(\d+)/.exec(variant)?.[1]) || undefined : undefined;
}
