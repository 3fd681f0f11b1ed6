import { RuntimeError } from '@oak/runtime';

/** Where an image is, with all defaults filled in. Exactly one of tag and digest is what gets fetched: the digest when there is one. */
export interface ImageReference {
  /** e.g. `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** e.g. `library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hex characters. */
  readonly digest: string | undefined;
  /** Canonical spelling, the name in containerd's image store. Two spellings of one image have the same. */
  readonly name: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const registryPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
export const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Grammar of distribution/reference: `nginx`, `nginx:1.27`, `ghcr.io/a/b@sha256:…`. Throws `invalid` with the part that is wrong. */
export function parseImageReference(text: string): ImageReference {
  const fault = (reason: string): never => {
    throw new RuntimeError('invalid', `image reference ${JSON.stringify(text)}: ${reason}; expected e.g. docker.io/library/nginx:1.27`);
  };
  if (text.includes('://')) fault('a registry image has no scheme');
  const [beforeDigest = '', digest, ...rest] = text.split('@');
  if (rest.length > 0) fault('more than one @');
  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  const path = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const { registry, repository } = splitRegistry(path);
  const tag = hasTag ? beforeDigest.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  if (!registryPattern.test(registry)) fault(`${JSON.stringify(registry)} is no registry`);
  if (!repositoryPattern.test(repository)) fault(`${JSON.stringify(repository)} is no repository name (lower case, digits, separators)`);
  if (tag !== undefined && !tagPattern.test(tag)) fault(`${JSON.stringify(tag)} is no tag`);
  if (digest !== undefined && !digestPattern.test(digest)) fault(`${JSON.stringify(digest)} is no digest (sha256: and 64 hex characters)`);
  const name = digest === undefined ? `${registry}/${repository}:${tag}` : `${registry}/${repository}@${digest}`;
  return { registry, repository, tag, digest, name };
}

/** The first part is a registry when it cannot be a user's name: a dot, a port, `localhost` or an upper-case letter. */
function splitRegistry(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const named = first === 'localhost' || /[.:A-Z]/.test(first);
  const registry = named && first !== 'index.docker.io' ? first : 'docker.io';
  const repository = named ? path.slice(slash + 1) : path;
  return { registry, repository: registry === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository };
}
