import { createHash } from 'node:crypto';
import { RuntimeError } from '@oak/runtime';
import { z } from 'zod';
import { digestPattern } from './image-reference.ts';

const platformSchema = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const descriptorSchema = z.object({
  mediaType: z.string().min(1), digest: z.string().regex(digestPattern), size: z.number().int().nonnegative(), platform: platformSchema.optional(),
});
const indexSchema = z.object({ schemaVersion: z.literal(2), mediaType: z.string().optional(), manifests: z.array(descriptorSchema).max(1000) });
const manifestSchema = z.object({ schemaVersion: z.literal(2), mediaType: z.string().optional(), config: descriptorSchema, layers: z.array(descriptorSchema) });
const configSchema = z.object({
  os: z.string().default(''),
  architecture: z.string().default(''),
  variant: z.string().optional(),
  rootfs: z.object({ diff_ids: z.array(z.string().regex(digestPattern)) }),
  config: z.object({
    Entrypoint: z.array(z.string()).nullish(),
    Cmd: z.array(z.string()).nullish(),
    Env: z.array(z.string()).nullish(),
    User: z.string().nullish(),
    WorkingDir: z.string().nullish(),
    Volumes: z.record(z.string(), z.unknown()).nullish(),
    StopSignal: z.string().nullish(),
  }).nullish(),
});

export type Descriptor = z.infer<typeof descriptorSchema>;
export type Index = z.infer<typeof indexSchema> & { readonly kind: 'index' };
export type Manifest = z.infer<typeof manifestSchema> & { readonly kind: 'manifest' };

/** What the image says about running it. Absent fields are empty. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  /** `uid`, `uid:gid`, `name` or `name:group`; empty: root. */
  readonly user: string;
  readonly workdir: string;
  readonly volumes: readonly string[];
  readonly stopSignal: string;
}

export interface ParsedConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly diffIds: readonly string[];
  readonly config: ImageConfig;
}

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * The media type of manifest bytes: what they say themselves, else what came with them (umoci writes none), else what their fields show.
 * `invalid` for anything that is none of the four kinds.
 */
export function manifestType(bytes: Uint8Array, carried: string | undefined, image: string): string {
  const content = parseJson(bytes, image, 'manifest');
  const said = typeof content['mediaType'] === 'string' ? content['mediaType'] : undefined;
  const type = said ?? carried?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && (indexTypes.includes(type) || manifestTypes.includes(type))) return type;
  if (said === undefined && Array.isArray(content['manifests'])) return mediaTypes.ociIndex;
  if (said === undefined && Array.isArray(content['layers'])) return mediaTypes.ociManifest;
  throw new RuntimeError('invalid', `image ${image}: the registry serves ${type ?? 'no media type'}, which is no OCI or Docker v2 image`);
}

/** Parses bytes of a known type; `invalid` names the field that is wrong. */
export function parseManifest(bytes: Uint8Array, mediaType: string, image: string): Index | Manifest {
  const content = parseJson(bytes, image, 'manifest');
  return indexTypes.includes(mediaType)
    ? { kind: 'index', ...checked(indexSchema, content, image, 'index') }
    : { kind: 'manifest', ...checked(manifestSchema, content, image, 'manifest') };
}

export function parseConfig(bytes: Uint8Array, image: string): ParsedConfig {
  const { os, architecture, variant, rootfs, config } = checked(configSchema, parseJson(bytes, image, 'configuration'), image, 'configuration');
  return {
    os, architecture, variant, diffIds: rootfs.diff_ids,
    config: {
      entrypoint: config?.Entrypoint ?? [], cmd: config?.Cmd ?? [], env: config?.Env ?? [], user: config?.User ?? '', workdir: config?.WorkingDir ?? '',
      volumes: Object.keys(config?.Volumes ?? {}), stopSignal: config?.StopSignal ?? '',
    },
  };
}

function parseJson(bytes: Uint8Array, image: string, part: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new RuntimeError('invalid', `image ${image}: its ${part} is no JSON`, { cause });
  }
  return checked(z.record(z.string(), z.unknown()), content, image, part);
}

function checked<T extends z.ZodType>(schema: T, content: unknown, image: string, part: string): z.infer<T> {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new RuntimeError('invalid', `image ${image}: its ${part} is damaged: ${z.core.toDotPath(issue?.path ?? [])}: ${issue?.message}`);
}
