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
