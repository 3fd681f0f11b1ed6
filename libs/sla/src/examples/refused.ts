import { clientAndServer } from './accepted.ts';

/** Descriptors with faults; each must be refused with all of them named. */

const spaced = { microservice_name: 'my service', virtualization: 'container', code: 'docker.io/library/nginx:latest' };

/** Of an older version: `api_version`, names with spaces, no namespaces, ids made up, a misspelt field, numbers for ids. */
export const oldVersion = {
  api_version: 'v0.3.0',
  customerID: 'Admin',
  applications: [{
    applicationID: '', application_name: 'my app', microservices: [{
      ...spaced, microserviceID: '4', bandwith_out: 8000,
      connectivity: [{ target_microservice_id: 1, con_constraints: [] }],
    }],
  }],
};

export const numbersForText = {
  sla_version: 'v2.0',
  customerID: 'Admin',
  applications: [{ applicationID: '', application_name: 'app', microservices: [{ microservice_name: 4, virtualization: 'container', code: 'docker.io/library/nginx:latest', port: 80 }] }],
};

export const empty = {};

export const untypedConnectivity = {
  sla_version: 'v2.0',
  customerID: 'Admin',
  applications: [{
    applicationID: '', application_name: 'my app', microservices: [{
      ...spaced, connectivity: [{ target_microservice_id: '1', con_constraints: [{ threshold: 50, rigidness: 0.9, convergence_time: 300 }] }],
    }],
  }],
};

const [application] = clientAndServer.applications as [{ microservices: object[] }];

export const dottedName = {
  ...clientAndServer,
  applications: [{ ...application, microservices: [{ ...application.microservices[0], microservice_name: 'test.special.char' }] }],
};
