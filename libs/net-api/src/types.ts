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
  /** Absent: an instance that takes no part in the overlay. */
  readonly network?: InstanceNetwork;
}

/** What the overlay must know of an instance before it runs. */
export interface InstanceNetwork {
  /** 24 lower-case hex characters. */
  readonly applicationId: string;
  /** Who owns the application, 1 to 64 characters. */
  readonly organisation: string;
  /** Instance IPs: the same wherever it runs. */
  readonly ipv4: string;
  readonly ipv6: string;
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
  readonly overlay: OverlayStatus;
}

/** Whether this node takes part in the overlay. Without it instances still run and reach each other and the world. */
export interface OverlayStatus {
  readonly ready: boolean;
  /** Why not, or what is missing. Empty when all is well. */
  readonly problem: string;
  /** How packets between nodes are protected; empty: not at all. */
  readonly encryption: string;
}

export interface TraceQuestion {
  /** Id of an instance. */
  readonly from: string;
  /** An address, a name as the instance's resolver takes it, or the whole name of a service. */
  readonly to: string;
  readonly protocol: Protocol | 'icmp';
  readonly port?: number;
}

export interface TraceStep {
  readonly ok: boolean;
  readonly step: string;
  readonly text: string;
}

/** The way that a connection would take, up to the first step that fails. */
export interface Trace {
  readonly ok: boolean;
  readonly steps: readonly TraceStep[];
}

export interface ServiceCounter {
  readonly serviceId: string;
  readonly name: string;
  /** Opened from this node since its rules for the service were made. */
  readonly connections: number;
}

/** `rx` is what the instance received. */
export interface InstanceCounter {
  readonly instanceId: string;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly drops: number;
}

export interface NameCounter {
  /** The code of the answer, as `NOERROR`; `forwarded`: somebody else answered; `ignored`: not answered. */
  readonly outcome: string;
  /** Since net-manager started. */
  readonly questions: number;
}

export interface Counters {
  readonly services: readonly ServiceCounter[];
  readonly instances: readonly InstanceCounter[];
  readonly names: readonly NameCounter[];
}

/** What net-manager does for node-engine, and tells the node's operator (`trace`, `counters`). Failures are `NetError`s. */
export interface NetService {
  attach(request: AttachRequest): Promise<Attachment>;
  detach(instanceId: string): Promise<void>;
  list(): Promise<readonly Attachment[]>;
  status(): NetStatus;
  /** Calls back on every change until the returned function is called. */
  watch(listener: (status: NetStatus) => void): () => void;
  trace(question: TraceQuestion): Promise<Trace>;
  counters(): Promise<Counters>;
}
