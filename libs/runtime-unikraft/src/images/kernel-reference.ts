import { RuntimeError } from '@oak/runtime';

/** Where a kernel is: an archive or kernel behind a URL, a package in a registry, or a file of the node. */
export type KernelReference =
  | { readonly kind: 'url'; readonly url: string; readonly digest: string | undefined }
  | { readonly kind: 'package'; readonly reference: string; readonly digest: string | undefined }
  | { readonly kind: 'file'; readonly path: string; readonly digest: string | undefined };

const digestPattern = /^[0-9a-f]{64}$/;

/** `https://...#sha256=HEX`, `registry/name:tag@sha256:HEX`, `/path#sha256=HEX`. The digest, hex, is optional. @throws RuntimeError invalid */
export function parseKernelReference(text: string): KernelReference {
  const fault = (reason: string): never => { throw new RuntimeError('invalid', `kernel ${JSON.stringify(text)}: ${reason}`); };
  const [place = '', ...fragments] = text.trim().split('#');
  if (place === '') fault('it is empty; give a URL, a package, or a path');
  const pinned = fragments.length === 0 ? undefined : /^sha256=([0-9A-Fa-f]{64})$/.exec(fragments.join('#'))?.[1]?.toLowerCase();
  if (fragments.length > 0 && pinned === undefined) fault('after # only sha256= and 64 hex characters make sense');
  if (place.startsWith('/') || place.startsWith('file:')) return { kind: 'file', path: place.startsWith('/') ? place : pathOf(place, fault), digest: pinned };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) return { kind: 'url', url: urlOf(place, fault), digest: pinned };
  if (pinned !== undefined) fault('a package is pinned by @sha256:, not by #');
  const digest = /@sha256:(.*)$/.exec(place)?.[1];
  if (digest !== undefined && !digestPattern.test(digest)) fault('after @sha256: there must be 64 hex characters');
  return { kind: 'package', reference: place, digest };
}

function urlOf(text: string, fault: (reason: string) => never): string {
  const url = URL.canParse(text) ? new URL(text) : fault('it is no URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') fault(`${url.protocol} is not understood; use http or https`);
  if (url.username !== '' || url.password !== '') fault('credentials belong into the node\'s file (registries), not into the URL');
  return url.href;
}

function pathOf(text: string, fault: (reason: string) => never): string {
  const url = URL.canParse(text) ? new URL(text) : fault('it is no URL');
  return url.host === '' ? decodeURIComponent(url.pathname) : fault('a file URL has no host: file:///path');
}
