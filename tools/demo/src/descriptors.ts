/** The descriptor of Oakestra's page on supported runtimes, unchanged. */
export const seed = {
  sla_version: 'v2.0',
  customerID: 'Admin',
  applications: [{
    applicationID: '', application_name: 'clientsrvr', application_namespace: 'test', application_desc: 'Simple demo with curl client and Nginx server',
    microservices: [{
      microserviceID: '', microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'runsc', cmd: [], memory: 100, vcpus: 1, vgpus: 0, vtpus: 0,
      bandwidth_in: 0, bandwidth_out: 0, storage: 0, code: 'docker.io/library/nginx:latest', state: '', port: '',
      addresses: { rr_ip: '10.30.55.55', rr_ip_v6: 'fdff:2000::55:55' }, added_files: [],
    }],
  }],
};

/** The same image under the node's default runtime, reachable at port 8080 of its node, and one that asks for what no node has. */
export const beside = {
  sla_version: 'v2.0',
  applications: [{
    application_name: 'beside', application_namespace: 'test',
    microservices: [
      { microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'runc', memory: 100, vcpus: 1, code: 'docker.io/library/nginx:latest', port: '8080:80' },
      { microservice_name: 'nowhere', microservice_namespace: 'test', virtualization: 'runu', memory: 100, vcpus: 1, code: 'docker.io/library/nginx:latest' },
    ],
  }],
};
