import type { ContainerdClient } from '../client/containerd-client.ts';
import { isNotFound } from '../client/rpc-error.ts';
import { ImagesDefinition } from '../gen/images.ts';
import type { Descriptor } from '../gen/messages.ts';
import { SnapshotsDefinition } from '../gen/snapshots.ts';
import { parseImageReference, type ImageReference } from '../registry/image-reference.ts';
import { parseConfig, parseManifest, type ImageConfig, type Manifest } from '../registry/manifest.ts';
import { choosePlatform, platformText, type Platform } from '../registry/platform.ts';
import { RegistryClient, type RegistryClientOptions } from '../registry/registry-client.ts';
import type { RegistryConfigs } from '../registry/registry-config.ts';
import { chainIds } from './chain-id.ts';
import { dropPullLeases, withPullLease } from './lease.ts';
import { pullImage, type ImageLimits } from './pull-image.ts';
import { readBlob } from './read-blob.ts';
import { SharedCalls } from './shared-calls.ts';

/** An image that is on this machine, verified and unpacked. */
export interface UnpackedImage {
  /** Name in containerd's image store. */
  readonly name: string;
  /** Of the manifest for this machine. */
  readonly digest: string;
  /** The snapshot that a container's own one is put on; empty for an image without layers. */
  readonly chainId: string;
  readonly config: ImageConfig;
  /** Compressed layers and configuration, in bytes. */
  readonly size: number;
}

export interface ImageStoreOptions {
  readonly client: ContainerdClient;
  readonly registries: RegistryConfigs;
  readonly snapshotter?: string;
  readonly limits?: ImageLimits;
  readonly registryOptions?: Omit<RegistryClientOptions, 'registries'>;
}

const defaultLimits: ImageLimits = { maxLayers: 128, maxBytes: 64 * 2 ** 30 };

/** Images of one containerd namespace: pulled once however many ask, found without any network afterwards. */
export class ImageStore {
  readonly snapshotter: string;
  readonly #client: ContainerdClient;
  readonly #limits: ImageLimits;
  readonly #registries: RegistryClient;
  readonly #pulls = new SharedCalls<UnpackedImage>();
  /** What was read from containerd, by the digest that a name points at and the platform. Content never changes under a digest. */
  readonly #read = new Map<string, UnpackedImage>();
  /** Images of which no lease of an earlier pull is left, by name and platform. */
  readonly #settled = new Set<string>();

  constructor({ client, registries, snapshotter = 'overlayfs', limits = defaultLimits, registryOptions = {} }: ImageStoreOptions) {
    this.#client = client;
    this.snapshotter = snapshotter;
    this.#limits = limits;
    this.#registries = new RegistryClient({ ...registryOptions, registries });
  }

  /**
   * A tag that is here is used as it is; a digest is exact.
   * @throws RuntimeError invalid: no such image, not for this machine, damaged; temporary: registry, disk or containerd.
   */
  async ensure(text: string, platform: Platform, signal: AbortSignal): Promise<UnpackedImage> {
    const reference = parseImageReference(text);
    const key = `${reference.name} ${platformText(platform)}`;
    const there = await this.#unpacked(reference.name, platform, signal);
    if (!there) return this.#pulls.join(key, signal, (shared) => this.#pull(reference, platform, shared));
    // A process that was killed right after it had named the image could not give its lease back.
    if (!this.#settled.has(key) && !this.#pulls.has(key)) await dropPullLeases(this.#client, key, signal);
    this.#settled.add(key);
    return there;
  }

  /** Forgets a name; containerd deletes what nothing else needs. Unknown is success. */
  async remove(text: string, signal?: AbortSignal): Promise<void> {
    const { name } = parseImageReference(text);
    await this.#client.call(ImagesDefinition, 'delete', { name, sync: true }, { signal }).catch(unlessNotFound);
  }

  /** Breaks off what is being pulled. */
  close(): Promise<void> {
    return this.#registries.close();
  }

  async #pull(reference: ImageReference, platform: Platform, signal: AbortSignal): Promise<UnpackedImage> {
    const known = (await this.#target(reference.name, signal))?.digest;
    const repository = this.#registries.repository(reference);
    return withPullLease(this.#client, `${reference.name} ${platformText(platform)}`, signal, async (client) => {
      await pullImage({ client, repository, reference, known, platform, snapshotter: this.snapshotter, limits: this.#limits, signal });
      const image = await this.#unpacked(reference.name, platform, signal);
      if (!image) throw new Error(`image ${reference.name} is gone right after it was pulled`);
      return image;
    });
  }

  /** What an earlier pull left, if it is complete. */
  async #unpacked(name: string, platform: Platform, signal: AbortSignal): Promise<UnpackedImage | undefined> {
    const target = await this.#target(name, signal);
    if (!target) return undefined;
    try {
      const image = await this.#describe(name, target, platform, signal);
      if (image.chainId !== '') await this.#client.call(SnapshotsDefinition, 'stat', { snapshotter: this.snapshotter, key: image.chainId }, { signal });
      return image;
    } catch (error) {
      return unlessNotFound(error);
    }
  }

  async #target(name: string, signal: AbortSignal): Promise<Descriptor | undefined> {
    const found = await this.#client.call(ImagesDefinition, 'get', { name }, { signal }).catch(unlessNotFound);
    return found?.image?.target;
  }

  async #describe(name: string, target: Descriptor, platform: Platform, signal: AbortSignal): Promise<UnpackedImage> {
    const key = `${target.digest} ${platformText(platform)}`;
    const known = this.#read.get(key);
    if (known) return { ...known, name };
    const { manifest, digest } = await this.#manifest(name, target, platform, signal);
    const { diffIds, config } = parseConfig(await readBlob(this.#client, manifest.config.digest, signal), name);
    const size = manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size);
    const image = { name, digest, chainId: chainIds(diffIds).at(-1) ?? '', config, size };
    this.#read.set(key, image);
    return image;
  }

  async #manifest(name: string, target: { digest: string; mediaType: string }, platform: Platform, signal: AbortSignal): Promise<{ manifest: Manifest; digest: string }> {
    const parsed = parseManifest(await readBlob(this.#client, target.digest, signal), target.mediaType, name);
    if (parsed.kind === 'manifest') return { manifest: parsed, digest: target.digest };
    return this.#manifest(name, choosePlatform(parsed.manifests, platform, name), platform, signal);
  }
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
