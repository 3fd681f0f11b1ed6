export { credsFile, readCreds, type Creds } from './creds.ts';
export { startEmbeddedServer, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-server.ts';
export { findNatsServer, natsServerFloor } from './nats-server-binary.ts';
export { clusterPermissions, nodePermissions, rootPermissions, uplinkPermissions, type Permissions } from './permissions.ts';
export type { Endpoint, ServerSettings, TlsFiles } from './server-config.ts';
export { TrustDomain, type KeyStore } from './trust-domain.ts';
