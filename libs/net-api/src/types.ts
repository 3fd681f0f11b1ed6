export type Protocol = 'tcp' | 'udp';

/** Same shape as a port mapping of the descriptor. */
export interface PortMapping {
  /** 1 to 65535, on every address of the node. */
  readonly hostPort: number;
  /** 1 to 65535, inside the instance. */
  readonly targetPort: number;
  readonly protocol: Protocol;
}

export interface AttachRequest {
  /** 24 lower-case hex characters. */
  readonly instanceId: string;
  /** For people, e.g. when a port is taken: letters, digits, `.`, `_` and `-`, at most 128. */
  readonly name: string;
  readonly ports: readonly PortMapping[];
}

/** The network of one instance, complete before the instance starts. */
export interface Attachment extends AttachRequest {
  /** A named network namespace with addresses and routes in it. */
  readonly netnsPath: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly gatewayIpv4: string;
  readonly gatewayIpv6: string;
  readonly mac: string;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

export interface NetStatus {
  readonly ready: boolean;
  /** Why not ready, for people. Empty when ready. */
  readonly problem: string;
  /** e.g. `10.18.0.0/26`; empty while unknown. */
  readonly subnetV4: string;
  readonly subnetV6: string;
  readonly bridge: string;
}

/** What net-manager does for node-engine. Failures are `NetError`s. */
export interface NetService {
  attach(request: AttachRequest): Promise<Attachment>;
  detach(instanceId: string): Promise<void>;
  list(): Promise<readonly Attachment[]>;
  status(): NetStatus;
  /** Calls back on every change until the returned function is called. */
  watch(listener: (status: NetStatus) => void): () => void;
}
