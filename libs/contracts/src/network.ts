import { affinities, networkPolicies } from '@oak/sla';
import { z } from 'zod';
import { epochSchema, idSchema, nameSchema, pageSchema, revisionSchema, textSchema } from './names.ts';

/** Who may call an application: only itself, all of its organisation, or everyone. */
export const networkPolicySchema = z.enum(networkPolicies);
export type NetworkPolicy = z.infer<typeof networkPolicySchema>;

const pair = { ipv4: z.ipv4(), ipv6: z.ipv6() };
const organisation = z.string().min(1).max(64).describe('Who owns the application.');

/** Addresses of a service. `roundRobin` spreads calls over all instances in turn, `closest` over those that are nearest to the caller. */
export const serviceAddressesSchema = z.object({ roundRobin: z.object(pair), closest: z.object(pair).optional() });
export type ServiceAddresses = z.infer<typeof serviceAddressesSchema>;

/** `none`: each connection is spread by itself. `client`: the same caller gets the same instance as long as it runs. */
export const affinitySchema = z.enum(affinities);

/** What the network must know of one instance before it runs. Its addresses stay the same over restarts and moves. */
export const instanceNetworkSchema = z.object({
  ...pair,
  organisation,
  policy: networkPolicySchema,
  service: serviceAddressesSchema,
  affinity: affinitySchema,
});
export type InstanceNetwork = z.infer<typeof instanceNetworkSchema>;

export const subnetPairSchema = z.object({ v4: z.cidrv4(), v6: z.cidrv6() });
export type SubnetPair = z.infer<typeof subnetPairSchema>;

/** Where the tunnel of a node ends. */
export const tunnelSchema = z.object({
  /** Address of the machine as other nodes reach it; with a translator between, that of the translator. */
  host: z.string().max(64),
  port: z.int().min(1).max(65_535),
  /** The node's own ranges, at least one when anything runs there. */
  subnets: z.array(subnetPairSchema).max(16),
  /** WireGuard's public key, base64; absent: this node does not encrypt. */
  publicKey: z.string().max(64).optional(),
});
export type Tunnel = z.infer<typeof tunnelSchema>;

/** An instance that takes calls. */
export const backendSchema = z.object({
  id: idSchema,
  instanceNumber: z.int().nonnegative(),
  /** Instance IPs: the same wherever it runs. */
  ...pair,
  /** Namespace IPs: where it runs now. A guest without IPv6 has none. */
  namespaceIpv4: z.ipv4(),
  namespaceIpv6: z.ipv6().optional(),
  cluster: nameSchema,
  node: nameSchema,
  /** Share of the calls, 1 if nothing else is said. */
  weight: z.int().min(1).max(100).optional(),
});
export type Backend = z.infer<typeof backendSchema>;

/** So many fit one message with the longest names. A service that has more is called at the first of them. */
export const backendsMost = 2_000;

/** A service and who answers for it. Without backends it is refused at once. */
export const serviceRouteSchema = z.object({
  kind: z.literal('service'),
  /** Of the service. */
  id: idSchema,
  /** `<application>.<namespace>.<microservice>.<namespace>` */
  name: z.string().max(130),
  applicationId: idSchema,
  organisation,
  policy: networkPolicySchema,
  addresses: serviceAddressesSchema,
  affinity: affinitySchema,
  backends: z.array(backendSchema).max(backendsMost),
});
export type ServiceRoute = z.infer<typeof serviceRouteSchema>;

/** Another node to which packets may go, or from which they may come. */
export const peerRouteSchema = tunnelSchema.extend({
  kind: z.literal('peer'),
  /** `<cluster>/<node>` */
  id: z.string().max(130),
  cluster: nameSchema,
  node: nameSchema,
  /** Whose instances run there, and whether anything there is for everyone: who passes routes on decides by it who needs this one. */
  organisations: z.array(organisation).max(1_024).optional(),
  public: z.boolean().optional(),
});
export type PeerRoute = z.infer<typeof peerRouteSchema>;

export const routeSchema = z.discriminatedUnion('kind', [serviceRouteSchema, peerRouteSchema]);
export type Route = z.infer<typeof routeSchema>;

const head = { epoch: epochSchema, revision: revisionSchema };
/**
 * What the receiver may need to know of the overlay, as a COMPLETE set or as a change chained to the revision before, like assignments.
 * A receiver that does not stand at `basedOn` of this epoch asks for the complete set. `set` replaces the route of that id.
 */
export const routesSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('complete'), ...head, routes: z.array(routeSchema).max(50_000),
    page: pageSchema.optional(),
  }),
  z.object({ kind: z.literal('incremental'), ...head, basedOn: revisionSchema, set: z.array(routeSchema).max(50_000), remove: z.array(z.string().max(130)).max(50_000) }),
]);
export type Routes = z.infer<typeof routesSchema>;
export type CompleteRoutes = Extract<Routes, { kind: 'complete' }>;

const position = z.object(head);

/** The installation's ranges for services and instances; whatever lies in them and is not known is refused. */
export const overlayRangesSchema = z.object({ v4: z.array(z.cidrv4()).max(8), v6: z.array(z.cidrv6()).max(8) });
export type OverlayRanges = z.infer<typeof overlayRangesSchema>;

/** net-manager -> cluster, on start, on every reconnect, when a link of the chain is missing, and on a slow period. */
export const nodeNetwork = {
  subject: 'cluster.*.node.*.network',
  payload: z.object({
    /** Where the node stands; absent: it knows nothing. */
    position: position.optional(),
    /** Every address of its subnets is in use: it needs one more. */
    full: z.boolean().optional(),
    /** Where its tunnel ends, when it is not the address that the node registered with and the usual port. */
    host: z.string().max(64).optional(),
    port: z.int().min(1).max(65_535).optional(),
    publicKey: z.string().max(64).optional(),
    /** Why this node can not take part in the overlay; absent: it can. */
    problem: textSchema.optional(),
    encryption: z.string().max(64).optional(),
  }),
  reply: z.object({
    /** This node's own, oldest first. A node gets them for good. */
    subnets: z.array(subnetPairSchema).min(1).max(16),
    /** All node ranges and service ranges of the installation. */
    nodeRanges: overlayRangesSchema,
    serviceRanges: overlayRangesSchema,
    /** Absent: the node is up to date. */
    routes: routesSchema.optional(),
  }),
} as const;
export type NodeNetworkAnswer = z.infer<typeof nodeNetwork.reply>;
export type NodeNetworkQuestion = z.infer<typeof nodeNetwork.payload>;

/** cluster -> net-manager: routes changed. A hint: the node asks again by `network` when a link of the chain is missing. */
export const nodeRoutes = { subject: 'cluster.*.node.*.routes', payload: routesSchema } as const;

/** root -> cluster: the services that its instances may call, with their backends in other clusters. */
export const clusterRoutes = { subject: 'cluster.*.routes', payload: routesSchema } as const;

/** cluster -> root: give me ranges for nodes, and all routes if I do not stand at the newest. */
export const clusterNetwork = {
  subject: 'root.cluster.*.network',
  payload: z.object({ position: position.optional(), /** How many blocks it would like to hold in total, those that it has included. */ blocks: z.int().min(1).max(1_024) }),
  reply: z.object({
    /** Ranges that are this cluster's own for good, to be cut into its nodes' subnets; oldest first. Fewer than asked: there are no more. */
    blocks: z.array(subnetPairSchema).max(1_024),
    nodeRanges: overlayRangesSchema,
    serviceRanges: overlayRangesSchema,
    routes: routesSchema.optional(),
  }),
} as const;

/** root -> cluster -> node: how would a connection from this instance go, and why might it fail? */
export const traceStepSchema = z.object({ ok: z.boolean(), step: z.string().max(64), text: textSchema });
export const nodeTrace = {
  subject: 'cluster.*.node.*.trace',
  payload: z.object({ from: idSchema, to: z.string().max(255), protocol: z.enum(['tcp', 'udp', 'icmp']), port: z.int().min(1).max(65_535).optional() }),
  reply: z.object({ ok: z.boolean(), steps: z.array(traceStepSchema).max(32) }),
} as const;
export const clusterTrace = { ...nodeTrace, subject: 'cluster.*.trace' } as const;
export type Trace = z.infer<typeof nodeTrace.reply>;
export type TraceQuestion = z.infer<typeof nodeTrace.payload>;
