import type { Document } from '@oak/store';
import type { ApplicationRecord } from '../applications/application-record.ts';
import type { ClusterRegistry } from '../clusters/cluster-registry.ts';
import { isReady, type InstanceRecord } from '../instances/instance-record.ts';
import type { Rollout, ServiceRecord } from './service-record.ts';

type View = Record<string, unknown>;

/** Oakestra's application document. */
export function applicationView({ id, body }: Document<ApplicationRecord>, serviceIds: readonly string[]): View {
  return {
    _id: { $oid: id }, applicationID: id, application_name: body.name, application_namespace: body.namespace, application_desc: body.description, network_policy: body.networkPolicy,
    microservices: serviceIds, userId: body.owner,
  };
}

/** Oakestra's service ("job") document: the microservice as submitted, and what the system adds. */
export function serviceView({ id, body }: Document<ServiceRecord>, instances: readonly Document<InstanceRecord>[], clusters: ClusterRegistry): View {
  const { microservice, submitted } = body;
  const latest = latestOf(instances);
  return {
    ...submitted, ...microservice, _id: { $oid: id }, microserviceID: id, applicationID: body.applicationId, job_name: body.name,
    app_name: body.applicationName, app_ns: body.applicationNamespace, service_name: microservice.microservice_name, service_ns: microservice.microservice_namespace,
    image: microservice.code, next_instance_progressive_number: body.nextInstanceNumber,
    ...networkView(body), version: body.version, instances_wished: body.wished ?? null, ...(body.rollout && { rollout: rolloutView(body.rollout) }),
    ...(latest ? { status: latest.status, status_detail: latest.detail } : body.nextInstanceNumber > 0 && { status: 'UNDEPLOYED', status_detail: 'no instance is wished any more' }),
    instance_list: instances.map((instance) => instanceView(instance, clusters)),
  };
}

export function rolloutView({ from, to, status, detail, reason, surge, order, onFailure, startedAtMs }: Rollout): View {
  return { from, to, status, detail, ...(reason !== undefined && { reason }), surge, order, on_failure: onFailure, started_at: startedAtMs / 1000 };
}

/** The addresses that it has, asked for or chosen. */
function networkView({ network, networkPolicy, microservice }: ServiceRecord): View {
  if (!network) return { network_policy: networkPolicy };
  const { roundRobin, closest } = network.addresses;
  return {
    RR_ip: roundRobin.ipv4, RR_ip_v6: roundRobin.ipv6, network_policy: networkPolicy,
    addresses: { ...microservice.addresses, rr_ip: roundRobin.ipv4, rr_ip_v6: roundRobin.ipv6, ...(closest && { closest_ip: closest.ipv4, closest_ip_v6: closest.ipv6 }), affinity: network.affinity },
  };
}

/** An element of Oakestra's `instance_list`, with our own fields beside. */
export function instanceView({ id, body }: Document<InstanceRecord>, clusters: ClusterRegistry): View {
  const { report } = body;
  const cluster = body.cluster === undefined ? undefined : clusters.get(body.cluster);
  const silent = cluster && !cluster.active && body.status !== 'COMPLETED' ? ` (cluster ${body.cluster ?? ''} is silent, so this may be old)` : '';
  return {
    id, instance_number: body.number, version: body.version, service_id: body.serviceId, application_id: body.applicationId,
    status: body.status, status_detail: `${body.detail}${silent}`, attempt: body.attempt, restarts: report?.restarts ?? 0,
    cluster_id: cluster?.id ?? null, cluster: body.cluster ?? null, cluster_location: cluster?.record.summary.location ?? null,
    worker_id: report?.node ?? null, node: report?.node ?? null, host_ip: report?.host ?? null, publicip: report?.host ?? null,
    virtualization: report?.virtualization ?? null, route: report?.route ?? null, instance_ip: body.addresses?.ipv4 ?? null, instance_ip_v6: body.addresses?.ipv6 ?? null,
    namespace_ip: report?.ipv4 ?? null, namespace_ip_v6: report?.ipv6 ?? null,
    ready: isReady(body), exit_code: report?.exitCode ?? null, started_at: report?.startedAtMs === undefined ? null : report.startedAtMs / 1000, phases_ms: report?.phasesMs ?? null,
    // Nobody measures these yet.
    cpu_percent: null, memory_percent: null, disk: null, cpu_history: [], memory_history: [], logs: `GET /api/service/${body.serviceId}/instance/${body.number}/logs`,
    last_modified_timestamp: body.changedAtMs / 1000, created_at: body.createdAtMs / 1000, stopping: body.desired === 'gone',
  };
}

/** As Oakestra has it: the last status that is not RUNNING; RUNNING when all run; none before the first deploy. */
function latestOf(instances: readonly Document<InstanceRecord>[]): InstanceRecord | undefined {
  return instances.findLast(({ body }) => body.status !== 'RUNNING')?.body ?? instances.at(-1)?.body;
}
