/** Descriptors of the kinds that Oakestra publishes: each must be accepted. */

const wrap = (applications: readonly unknown[], customerID = 'Admin') => ({ sla_version: 'v2.0', customerID, applications });

const application = (name: string, microservices: readonly unknown[], more: object = {}) =>
  ({ applicationID: '', application_name: name, application_namespace: 'test', ...more, microservices });

const latencyTo = (area: string) => ({ type: 'latency', area, threshold: 100, rigidness: 0.99, convergence_time: 300 });

/** Every old field in use, also those that nothing evaluates. */
export const everyField = wrap([application('ExampleApplication33', [{
  microserviceID: '',
  microservice_name: 'MicroA4',
  microservice_namespace: 'test',
  virtualization: 'container',
  cmd: ['ls', '-al'],
  memory: 4096,
  vcpus: 2,
  vgpus: 0,
  vtpus: 0,
  bandwidth_in: 1_000_000,
  bandwidth_out: 8000,
  storage: 1000,
  code: 'https://example.com/repository/code.py',
  state: 'https://example.com/state.json',
  port: '80',
  addresses: { rr_ip: '192.168.178.4' },
  added_files: ['https://example.com/1.jpg', 'https://example.com/2.png'],
  constraints: [latencyTo('munich-1'), latencyTo('berlin-1')],
  connectivity: [
    { target_microservice_id: '1', con_constraints: [] },
    { target_microservice_id: '2', con_constraints: [{ type: 'latency', threshold: 50, rigidness: 0.9, convergence_time: 300 }] },
  ],
}])], '10000000001');

const nginx = { microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'container', code: 'docker.io/library/nginx:latest', port: '80:80' };

export const fewFields = wrap([application('test', [nginx], { application_desc: 'nginx alone' })]);

export const zeroes = wrap([application('test', [{
  ...nginx, microserviceID: '', cmd: [], memory: 0, vcpus: 0, vgpus: 0, vtpus: 0, bandwidth_in: 0, bandwidth_out: 0, storage: 0, state: '', added_files: [],
}])]);

export const noMicroservices = wrap([application('test', [])], '64e5d4f9a0b1c2d3e4f50617');

export const clientAndServer = wrap([application('clientserver', [
  { microserviceID: '', microservice_name: 'curl', microservice_namespace: 'test', virtualization: 'container', cmd: ['sh', '-c', 'tail -f /dev/null'], memory: 100, vcpus: 1, code: 'docker.io/curlimages/curl:7.82.0', port: '9080', addresses: {} },
  { microserviceID: '', microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'container', cmd: [], memory: 100, vcpus: 1, code: 'docker.io/library/nginx:latest', port: '6080:60/tcp', addresses: { rr_ip: '10.30.30.30' } },
])]);

export const hostPathVolume = wrap([application('myapp', [{
  microservice_name: 'worker', microservice_namespace: 'default', virtualization: 'container', memory: 128, vcpus: 1, code: 'docker.io/library/alpine:latest',
  volumes: [{ volume_id: '/host/data', csi_driver: 'csi.oakestra.io/hostpath', mount_path: '/data', config: { host_path: '/srv/data' } }],
}])]);

/** From the page "Supported Virtualization Runtimes". */
export const gvisor = wrap([application('clientsrvr', [{
  microserviceID: '', microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'runsc', cmd: [], memory: 100, vcpus: 1, vgpus: 0, vtpus: 0,
  bandwidth_in: 0, bandwidth_out: 0, storage: 0, code: 'docker.io/library/nginx:latest', state: '', port: '', addresses: { rr_ip: '10.30.55.55', rr_ip_v6: 'fdff:2000::55:55' }, added_files: [],
}], { application_desc: 'Simple demo with curl client and Nginx server' })]);

export const unikernel = wrap([application('kernels', [{
  microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'unikernel', arch: ['amd64', 'arm64'], memory: 64, vcpus: 1,
  code: 'https://example.com/nginx-amd64.tar.gz,https://example.com/nginx-arm64.tar.gz', port: '9000:80',
}])]);
