import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isAlreadyExists, isNotFound } from '../client/rpc-error.ts';
import { ImagesDefinition } from '../gen/images.ts';
import type { ImageReference } from '../registry/image-reference.ts';
import { manifestType, parseConfig, parseManifest, sha256, type Descriptor, type Manifest, type ParsedConfig } from '../registry/manifest.ts';
import { choosePlatform, fitness, platformText, type Platform } from '../registry/platform.ts';
import type { FetchedManifest, Repository } from '../registry/repository.ts';
import { chainIds } from './chain-id.ts';
import { readBlob } from './read-blob.ts';
import { unpack } from './unpack.ts';
import { isMismatch, writeBlob } from './write-blob.ts';

export interface ImageLimits {
  readonly maxLayers: number;
  /** Of all compressed layers together. */
  readonly maxBytes: number;
}

export interface Pull {
  /** With a lease. */
  readonly client: ContainerdClient;
  readonly repository: Repository;
  readonly reference: ImageReference;
  /** What the store already has under that name; its digest is taken instead of asking for the tag. */
  readonly known: string | undefined;
  readonly platform: Platform;
  readonly snapshotter: string;
  readonly limits: ImageLimits;
  readonly signal: AbortSignal;
}

/** One manifest with the labels that keep what it names. */
interface Kept extends FetchedManifest {
  readonly labels: Readonly<Record<string, string>>;
}

const layersAtOnce = 3;

/** Resolve, download, verify, unpack, name. Content that is on this machine, e.g. imported, is not downloaded. */
export async function pullImage(pull: Pull): Promise<void> {
  const { client, reference, signal } = pull;
  const { top, kept, manifest } = await resolve(pull);
  checkLimits(pull, manifest);
  const configBytes = await localOr(pull, manifest.config.digest, () => pull.repository.smallBlob(manifest.config, signal));
  const config = parseConfig(configBytes, reference.name);
  checkPlatform(config, pull.platform, reference.name);
  await fetchAndUnpack(pull, manifest, config);
  await writeBlob(client, { digest: manifest.config.digest, size: configBytes.length, labels: snapshotLabel(pull, config) }, from(configBytes), signal);
  for (const { digest, bytes, labels } of kept) await writeBlob(client, { digest, size: bytes.length, labels }, from(bytes), signal);
  await nameImage(pull, top);
}

/** From the reference down to the manifest of this machine. Children before parents, so that nothing stored points at what is not there. */
async function resolve(pull: Pull): Promise<{ top: FetchedManifest; kept: readonly Kept[]; manifest: Manifest }> {
  const { reference: { name, digest, tag }, platform, known } = pull;
  const top = await manifestOf(pull, digest ?? known ?? tag ?? 'latest');
  const first = parseManifest(top.bytes, top.mediaType, name);
  if (first.kind === 'manifest') return { top, manifest: first, kept: [{ ...top, labels: manifestLabels(first) }] };
  const chosen = await manifestOf(pull, choosePlatform(first.manifests, platform, name).digest);
  const manifest = parseManifest(chosen.bytes, chosen.mediaType, name);
  if (manifest.kind === 'index') throw new RuntimeError('invalid', `image ${name}: an index within an index`);
  return { top, manifest, kept: [{ ...chosen, labels: manifestLabels(manifest) }, { ...top, labels: { 'containerd.io/gc.ref.content.m.0': chosen.digest } }] };
}

async function manifestOf(pull: Pull, tagOrDigest: string): Promise<FetchedManifest> {
  const { client, repository, reference, signal } = pull;
  const bytes = tagOrDigest.startsWith('sha256:') ? await localBlob(client, tagOrDigest, signal) : undefined;
  return bytes ? { bytes, digest: tagOrDigest, mediaType: manifestType(bytes, undefined, reference.name) } : repository.manifest(tagOrDigest, signal);
}

/** Unpacking a layer begins when it is there, while the next ones still arrive. The first failure ends all. */
async function fetchAndUnpack(pull: Pull, { layers }: Manifest, { diffIds }: ParsedConfig): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([pull.signal, failed.signal]);
  const lanes = inLanes(layers, layersAtOnce, (layer) => fetchLayer({ ...pull, signal }, layer));
  try {
    await unpack(pull.client, { snapshotter: pull.snapshotter, layers, diffIds, image: pull.reference.name, arrived: async (at) => lanes[at] }, signal);
    await Promise.all(lanes);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(lanes);
    throw error;
  }
}

/** Damaged content gets a second chance: from the next mirror, or without what an interrupted try left. */
async function fetchLayer({ client, repository, signal }: Pull, layer: Descriptor): Promise<void> {
  const write = () => writeBlob(client, { digest: layer.digest, size: layer.size, labels: {} }, (offset) => repository.blob(layer, offset, signal), signal);
  await write().catch((error: unknown) => {
    if (!isMismatch(error)) throw error;
    repository.demote();
    return write();
  });
}

async function nameImage({ client, reference: { name }, signal }: Pull, { mediaType, digest, bytes }: FetchedManifest): Promise<void> {
  const image = { name, target: { mediaType, digest, size: BigInt(bytes.length) } };
  await client.call(ImagesDefinition, 'create', { image }, { signal }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    return client.call(ImagesDefinition, 'update', { image, updateMask: ['target'] }, { signal });
  });
}

function checkLimits({ limits, reference: { name } }: Pull, { layers }: Manifest): void {
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  if (layers.length > limits.maxLayers) throw new RuntimeError('invalid', `image ${name}: ${layers.length} layers, at most ${limits.maxLayers}`);
  if (bytes > limits.maxBytes) throw new RuntimeError('invalid', `image ${name}: ${bytes} bytes, at most ${limits.maxBytes}`);
  const odd = layers.find(({ mediaType }) => !/^application\/vnd\.(oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)([.+](gzip|zstd))?$/.test(mediaType));
  if (odd) throw new RuntimeError('invalid', `image ${name}: layer ${odd.digest} is ${odd.mediaType}, which is no container file system`);
}

/** An image without an index says in its configuration for which machine it is. */
function checkPlatform({ os, architecture, variant }: ParsedConfig, wanted: Platform, image: string): void {
  const offered = { os, architecture, variant };
  if (os === '' || architecture === '' || fitness(wanted, offered) !== undefined) return;
  throw new RuntimeError('invalid', `image ${image} is for ${platformText(offered)}, this node runs ${platformText(wanted)}`);
}

function manifestLabels({ config, layers }: Manifest): Record<string, string> {
  return { 'containerd.io/gc.ref.content.config': config.digest, ...Object.fromEntries(layers.map(({ digest }, at) => [`containerd.io/gc.ref.content.l.${at}`, digest])) };
}

function snapshotLabel({ snapshotter }: Pull, { diffIds }: ParsedConfig): Record<string, string> {
  const chainId = chainIds(diffIds).at(-1);
  return chainId === undefined ? {} : { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: chainId };
}

async function localOr(pull: Pull, digest: string, fetch: () => Promise<Buffer>): Promise<Buffer> {
  return (await localBlob(pull.client, digest, pull.signal)) ?? fetch();
}

async function localBlob(client: ContainerdClient, digest: string, signal: AbortSignal): Promise<Buffer | undefined> {
  try {
    const bytes = await readBlob(client, digest, signal);
    return sha256(bytes) === digest ? bytes : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Begins all in their order, at most so many at once; one promise for each item. Rejections are kept for whoever awaits. */
function inLanes<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): readonly Promise<void>[] {
  const turns = items.map((item) => ({ item, ...Promise.withResolvers<void>() }));
  for (const { promise } of turns) promise.catch(() => undefined);
  const queue = [...turns];
  const lane = async () => {
    for (let turn = queue.shift(); turn; turn = queue.shift()) await work(turn.item).then(turn.resolve, turn.reject);
  };
  for (let lanes = 0; lanes < atOnce; lanes++) void lane();
  return turns.map(({ promise }) => promise);
}

const from = (bytes: Buffer) => async function* (offset: number): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes.subarray(offset));
};
