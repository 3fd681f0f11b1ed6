import { parseConfig, parseImageReference, parseManifest, type RegistryClient } from '@oak/runtime-containerd';
import type { PackageRegistry } from '@oak/runtime-unikraft';

/** Packages of unikernels come from the registries of containers, with the same mirrors, credentials and authorities. */
export function packageRegistry(client: RegistryClient): PackageRegistry {
  return {
    open: (text) => {
      const reference = parseImageReference(text);
      const repository = client.repository(reference);
      return {
        tagOrDigest: reference.digest ?? reference.tag ?? 'latest',
        manifest: async (tagOrDigest, signal) => {
          const { bytes, mediaType, digest } = await repository.manifest(tagOrDigest, signal);
          return { ...parseManifest(bytes, mediaType, reference.name), digest };
        },
        config: async (descriptor, signal) => parseConfig(await repository.smallBlob(descriptor, signal), reference.name).config,
        blob: (descriptor, signal) => repository.blob(descriptor, 0, signal),
      };
    },
  };
}
