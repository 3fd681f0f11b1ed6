/** A service as root shows it. */
export function aService(name: string, instances: readonly object[] = [], more: object = {}): Record<string, unknown> {
  const [app = 'shop', service = 'web'] = name.split('/');
  return {
    microserviceID: `id-${app}-${service}`, applicationID: `id-${app}`, job_name: `${app}.ns.${service}.ns`, app_name: app, app_ns: 'ns', microservice_name: service, microservice_namespace: 'ns',
    virtualization: 'runc', code: 'busybox', instance_list: instances, ...more,
  };
}

export function anInstance(number: number, status: string, more: object = {}): Record<string, unknown> {
  return { id: `instance-${number}`, instance_number: number, service_id: 'id-shop-web', application_id: 'id-shop', status, status_detail: status.toLowerCase(), ...more };
}

/** A node as root shows it: `c1/n1`. */
export function aNode(wholeName: string, more: object = {}): Record<string, unknown> {
  const [cluster = 'c1', name = 'n1'] = wholeName.split('/');
  return {
    cluster, name, state: 'active', cordoned: false, instances: 0, lastSeenAtMs: 0, free: resources, runtimes: [{ virtualization: 'runc', healthy: true, route: 'runc' }],
    description: { hostname: name, arch: 'amd64', kernel: '6.1', version: '1', total: resources }, ...more,
  };
}

export function aCluster(name: string, more: object = {}): Record<string, unknown> {
  return {
    _id: `id-${name}`, cluster_name: name, active: true, nodes: { active: 1, unknown: 0, lost: 0, cordoned: 0 }, total: resources, free: resources,
    virtualization: ['runc'], last_modified_timestamp: 0, runtimes: [], ...more,
  };
}

const resources = { vcpus: 4, memoryMiB: 4096 };
