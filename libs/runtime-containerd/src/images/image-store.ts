import { RuntimeError } from '@oak/runtime';
import type { ContainerdClient } from '../client/containerd-client.ts';
import { isAlreadyExists, isNotFound } from '../client/rpc-error.ts';
import { ImagesDefinition } from '../gen/images.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { parseImageReference, type ImageReference } from '../registry/image-reference.ts';
import { parseConfig, parseManifest, type Descriptor, type ImageConfig, type Manifest } from '../registry/manifest.ts';
import { choosePlatform, fitness, platformText, type Platform } from '../registry/platform.ts';
import { RegistryClient } from '../registry/registry-client.ts';
import type { RegistryConfigs } from '../registry/registry-config.ts';
import type { Repository } from '../registry/repository.ts';
import { chainIds } from './chain-id.ts';
import { withLease } from './lease.ts';
import { readBlob } from './read-blob.ts';
import { unpack } from './unpack.ts';
import { writeBlob } from './write-blob.ts';

/** An image that is on this machine, verified and unpacked. */
export interface UnpackedImage {
  /** Name in containerd's image store. */
  readonly name: string;
  /** Of the manifest for this machine. */
  readonly digest: string;
  /** The snapshot that a container's own one is put on. */
  readonly chainId: string;
  readonly config: ImageConfig;
}

export interface ImageStoreOptions {
  readonly client: ContainerdClient;
  readonly registries: RegistryConfigs;
  readonly snapshotter?: string;
}

const layersAtOnce = 3;
const maxLayers = 512;

/** Images of one containerd namespace: pulled once however many ask, found without any network afterwards. */
export class ImageStore {
  readonly snapshotter: string;
  readonly #client: ContainerdClient;
  readonly #registries: RegistryClient;
  readonly #pulls = new Map<string, Promise<UnpackedImage>>();
  /** What was found last, by name; it is asked for again only when its snapshot is gone. */
  readonly #found = new Map<string, UnpackedImage>();

  constructor({ client, registries, snapshotter = 'overlayfs' }: ImageStoreOptions) {
    this.#client = client;
    this.snapshotter = snapshotter;
    this.#registries = new RegistryClient({ registries });
  }

  /** A tag that is here is used as it is; a digest is exact. @throws RuntimeError invalid: no such image, not for this machine, damaged; temporary: registry, disk or containerd */
  async ensure(text: string, platform: Platform, signal: AbortSignal): Promise<UnpackedImage> {
    const reference = parseImageReference(text);
    const known = await this.#known(reference, platform, signal);
    if (known) return known;
    const key = `${reference.name} ${platformText(platform)}`;
    // The first caller's pull serves all; one of them going away does not take it from the others.
    let pull = this.#pulls.get(key);
    if (!pull) {
      pull = this.#pull(reference, platform).finally(() => this.#pulls.delete(key));
      this.#pulls.set(key, pull);
    }
    return abortable(pull, signal);
  }

  close(): Promise<void> {
    return this.#registries.close();
  }

  async #known(reference: ImageReference, platform: Platform, signal: AbortSignal): Promise<UnpackedImage | undefined> {
    const found = this.#found.get(reference.name) ?? await this.#stored(reference, platform, signal);
    if (!found || !await this.#isUnpacked(found.chainId, signal)) return undefined;
    this.#found.set(reference.name, found);
    return found;
  }

  async #isUnpacked(chainId: string, signal: AbortSignal): Promise<boolean> {
    return this.#client.call(SnapshotsDefinition, 'stat', { snapshotter: this.snapshotter, key: chainId }, { signal }).then(() => true, unlessNotFound(false));
  }

  /** What an earlier process pulled. */
  async #stored(reference: ImageReference, platform: Platform, signal: AbortSignal): Promise<UnpackedImage | undefined> {
    try {
      const { image } = await this.#client.call(ImagesDefinition, 'get', { name: reference.name }, { signal });
      if (!image?.target) return undefined;
      const { manifest, digest } = await this.#localManifest(reference.name, image.target, platform, signal);
      const { diffIds, config } = parseConfig(await readBlob(this.#client, manifest.config.digest, signal), reference.name);
      return { name: reference.name, digest, chainId: chainIds(diffIds).at(-1) ?? '', config };
    } catch (error) {
      return unlessNotFound(undefined)(error);
    }
  }

  async #localManifest(name: string, target: { digest: string; mediaType: string }, platform: Platform, signal: AbortSignal): Promise<{ manifest: Manifest; digest: string }> {
    const parsed = parseManifest(await readBlob(this.#client, target.digest, signal), target.mediaType, name);
    if (parsed.kind === 'manifest') return { manifest: parsed, digest: target.digest };
    return this.#localManifest(name, choosePlatform(parsed.manifests, platform, name), platform, signal);
  }

  #pull(reference: ImageReference, platform: Platform): Promise<UnpackedImage> {
    const { signal } = new AbortController();
    return withLease(this.#client, async (client) => {
      const repository = this.#registries.repository(reference);
      const { target, manifest, digest, parents } = await resolve(repository, reference, platform, signal);
      if (manifest.layers.length > maxLayers) throw new RuntimeError('invalid', `image ${reference.name}: ${manifest.layers.length} layers, at most ${maxLayers}`);
      const configBytes = await repository.smallBlob(manifest.config, signal);
      const parsed = parseConfig(configBytes, reference.name);
      checkPlatform(parsed, platform, reference.name);
      const chain = chainIds(parsed.diffIds);
      const source = { [`containerd.io/distribution.source.${reference.registry}`]: reference.repository };
      await inParallel(manifest.layers, layersAtOnce, (layer) => writeBlob(client, { digest: layer.digest, size: layer.size, labels: source }, (offset) => repository.blob(layer, offset, signal), signal));
      const kept = { ...source, ...(chain.length > 0 && { [`containerd.io/gc.ref.snapshot.${this.snapshotter}`]: chain.at(-1)! }) };
      await writeBlob(client, { digest: manifest.config.digest, size: configBytes.length, labels: kept }, from(configBytes), signal);
      for (const parent of parents) await writeBlob(client, { digest: parent.digest, size: parent.bytes.length, labels: { ...source, ...parent.refs } }, from(parent.bytes), signal);
      const chainId = await unpack(client, this.snapshotter, manifest.layers, parsed.diffIds, reference.name, signal);
      await this.#name(client, reference.name, target, signal);
      return { name: reference.name, digest, chainId, config: parsed.config };
    }, signal);
  }

  async #name(client: ContainerdClient, name: string, target: Descriptor, signal: AbortSignal): Promise<void> {
    const image = { name, labels: {}, target: { mediaType: target.mediaType, digest: target.digest, size: BigInt(target.size), annotations: {} } };
    try {
      await client.call(ImagesDefinition, 'create', { image }, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await client.call(ImagesDefinition, 'update', { image, updateMask: ['target', 'labels'] }, { signal });
    }
  }
}

interface Resolved {
  readonly target: Descriptor;
  readonly manifest: Manifest;
  readonly digest: string;
  /** Manifest first, then the index that names it: children before parents, so that nothing points at what is not there. */
  readonly parents: readonly { readonly digest: string; readonly bytes: Buffer; readonly refs: Readonly<Record<string, string>> }[];
}

/** From a tag or digest, through an index if there is one, to the manifest for this machine. */
async function resolve(repository: Repository, reference: ImageReference, platform: Platform, signal: AbortSignal): Promise<Resolved> {
  const first = await repository.manifest(reference.digest ?? reference.tag ?? 'latest', signal);
  const target: Descriptor = { mediaType: first.mediaType, digest: first.digest, size: first.bytes.length };
  const parsed = parseManifest(first.bytes, first.mediaType, reference.name);
  if (parsed.kind === 'manifest') return { target, manifest: parsed, digest: first.digest, parents: [{ digest: first.digest, bytes: first.bytes, refs: manifestRefs(parsed) }] };
  const chosen = choosePlatform(parsed.manifests, platform, reference.name);
  const second = await repository.manifest(chosen.digest, signal);
  const manifest = parseManifest(second.bytes, second.mediaType, reference.name);
  if (manifest.kind === 'index') throw new RuntimeError('invalid', `image ${reference.name}: an index within an index`);
  const parents = [
    { digest: second.digest, bytes: second.bytes, refs: manifestRefs(manifest) },
    { digest: first.digest, bytes: first.bytes, refs: { 'containerd.io/gc.ref.content.m.0': second.digest } },
  ];
  return { target, manifest, digest: second.digest, parents };
}

function manifestRefs({ config, layers }: Manifest): Record<string, string> {
  return { 'containerd.io/gc.ref.content.config': config.digest, ...Object.fromEntries(layers.map(({ digest }, at) => [`containerd.io/gc.ref.content.l.${at}`, digest])) };
}

/** An image without an index says in its configuration for which machine it is. */
function checkPlatform(offered: { os: string; architecture: string; variant: string | undefined }, wanted: Platform, image: string): void {
  if (offered.os === '' || offered.architecture === '' || fitness(wanted, offered) !== undefined) return;
  throw new RuntimeError('invalid', `image ${image} is for ${platformText(offered)}, this node runs ${platformText(wanted)}`);
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => { for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item); };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

const from = (bytes: Buffer) => async function* (offset: number): AsyncGenerator<Buffer> { yield await Promise.resolve(bytes.subarray(offset)); };

function unlessNotFound<T>(otherwise: T): (error: unknown) => T {
  return (error) => { if (isNotFound(error)) return otherwise; throw error; };
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => { reject(signal.reason as Error); };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => { signal.removeEventListener('abort', abort); });
  });
}
