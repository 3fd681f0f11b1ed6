import { isIP } from 'node:net';
import { RuntimeError } from '@oak/runtime';
import { z } from 'zod';

/** How to reach one registry or mirror. Keys of the map that holds it are registry names as in image references, e.g. `docker.io`. */
export const registryConfigSchema = z.strictObject({
  /** Tried in order before the registry itself: `mirror.local:5000` or a URL with a path in front of /v2. */
  mirrors: z.array(z.string().min(1)).optional(),
  /** PEM file of the authorities that sign the registry's certificate, in addition to the system's. */
  caFile: z.string().min(1).optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  /** HTTP without TLS. Default: only for loopback addresses. */
  plainHttp: z.boolean().optional(),
});
export type RegistryConfig = z.infer<typeof registryConfigSchema>;
export type RegistryConfigs = Readonly<Record<string, RegistryConfig>>;

/** One place to ask: a mirror or the registry itself. */
export interface Endpoint {
  /** Name for people and for looking up credentials. */
  readonly name: string;
  /** Ends with a slash; `v2/…` follows. */
  readonly base: URL;
  readonly config: RegistryConfig;
  /** Mirrors are told which registry they stand for. */
  readonly standsFor: string | undefined;
}

/** Where the registry of that name really answers. */
const apiHosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** Mirrors in their order, then the origin. */
export function endpointsOf(registry: string, configs: RegistryConfigs): readonly Endpoint[] {
  const mirrors = (configs[registry]?.mirrors ?? []).map((mirror) => endpoint(mirror, configs, registry));
  return [...mirrors, { ...endpoint(registry, configs, undefined), name: registry }];
}

function endpoint(address: string, configs: RegistryConfigs, standsFor: string | undefined): Endpoint {
  const written = /^https?:\/\//.test(address) ? parsed(address) : undefined;
  const name = written?.host ?? address;
  const config = configs[name] ?? {};
  const plain = config.plainHttp ?? isLoopback(name);
  const base = written ?? parsed(`${plain ? 'http' : 'https'}://${apiHosts[address] ?? address}`);
  if (base.username || base.password) throw new RuntimeError('invalid', `registry ${name}: credentials belong into username and password, not into its address`);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return { name, base, config, standsFor };
}

function parsed(address: string): URL {
  if (!URL.canParse(address)) throw new RuntimeError('invalid', `registry address ${JSON.stringify(address)}: expected e.g. mirror.local:5000 or https://mirror.local/prefix`);
  return new URL(address);
}

/** `host:port` of this very machine, whose traffic nobody else sees. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || (isIP(name) === 4 && name.startsWith('127.')) || name === '::1';
}
