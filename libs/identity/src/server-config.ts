import type { TrustDomain } from './trust-domain.ts';

export interface Endpoint { readonly host: string; readonly port: number }

/** PEM files. Put `localhost` into the certificate: the client checks that name when it connects to an IP address. */
export interface TlsFiles { readonly certFile: string; readonly keyFile: string }

export interface ServerSettings {
  /** Folder of the server's own files. */
  readonly dir: string;
  readonly name: string;
  readonly listen: Endpoint;
  readonly domain: TrustDomain;
  /** A hub: where leaf nodes connect. */
  readonly leafListen?: Endpoint;
  /** A leaf: its hub, e.g. `nats-leaf://root:7422`, and who it is there. */
  readonly remote?: { readonly url: string; readonly credentialsFile: string; readonly caFile?: string };
  /** Encrypts clients and leaf links; who has no TLS is refused. Default: none, for a loopback or a network that encrypts itself. */
  readonly tls?: TlsFiles;
}

/** nats.conf. JWTs are made anew at each call, so compare `identityOf`, not this text. */
export function serverConfig({ dir, name, listen, domain, leafListen, remote, tls }: ServerSettings): string {
  const { systemAccount, account } = domain;
  const own = tls ? `tls { cert_file: ${quote(tls.certFile)}, key_file: ${quote(tls.keyFile)} }` : '';
  const hub = remote?.caFile === undefined ? '' : `, tls { ca_file: ${quote(remote.caFile)} }`;
  const leaf = leafListen ? [`leafnodes { listen: ${quote(`${leafListen.host}:${leafListen.port}`)}\n ${own} }`]
    : remote ? [`leafnodes { reconnect: "1s", remotes: [ { url: ${quote(remote.url)}, credentials: ${quote(remote.credentialsFile)}, account: ${account.publicKey}${hub} } ] }`] : [];
  return [
    `server_name: ${quote(name)}`, `listen: ${quote(`${listen.host}:${listen.port}`)}`,
    'ping_interval: "20s"', 'ping_max: 2', 'write_deadline: "5s"', 'max_payload: 1MB', 'max_pending: 16MB',
    `operator: ${quote(domain.operatorJwt)}`, `system_account: ${systemAccount.publicKey}`,
    `resolver: { type: full, dir: ${quote(`${dir}/jwt`)}, allow_delete: true, limit: 1000 }`,
    `resolver_preload: { ${systemAccount.publicKey}: ${quote(systemAccount.jwt)}, ${account.publicKey}: ${quote(account.jwt)} }`,
    ...leaf, own, '',
  ].join('\n');
}

/** What must be the same for a running server to be ours and up to date. */
export function identityOf({ name, listen, domain, leafListen, remote, tls }: ServerSettings, binary: string, files: readonly string[]): string {
  return JSON.stringify({ name, listen, leafListen, remote, tls, files, binary, account: domain.account.publicKey });
}

function quote(text: string): string {
  return JSON.stringify(text);
}
