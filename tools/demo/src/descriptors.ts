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

/** Whom the client calls: the addresses that the page's descriptor asks for, and names. */
export const called = ['http://10.30.55.55/', 'http://[fdff:2000::55:55]/', 'http://nginx.clientsrvr/', 'http://nginx.beside/'];
const calls = `while true; do for url in ${called.map((url) => `'${url}'`).join(' ')}; do page=$(curl -sgm 2 "$url") && echo "$url" $page; done; sleep 1; done`;

/** The same image under runc, reachable at port 8080 of its node; one on the other node that calls both; and one that asks for what no node has. */
export const beside = {
  sla_version: 'v2.0',
  applications: [{
    application_name: 'beside', application_namespace: 'test',
    microservices: [
      { microservice_name: 'nginx', microservice_namespace: 'test', virtualization: 'runc', memory: 100, vcpus: 1, code: 'docker.io/library/nginx:latest', port: '8080:80', constraints: [{ type: 'direct', node: 'c1n1' }] },
      { microservice_name: 'client', microservice_namespace: 'test', virtualization: 'runc', memory: 50, vcpus: 0.2, code: 'docker.io/curlimages/curl:latest', cmd: ['sh', '-c', calls], constraints: [{ type: 'direct', node: 'c1n2' }] },
      { microservice_name: 'nowhere', microservice_namespace: 'test', virtualization: 'runu', memory: 100, vcpus: 1, code: 'docker.io/library/nginx:latest' },
    ],
  }],
};
