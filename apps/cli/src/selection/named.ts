import type { Application, Cluster, Instance, Node, Service } from '../root/views.ts';
import type { Candidate } from './select.ts';

export interface NamedApplication extends Candidate { readonly application: Application }
export interface NamedService extends Candidate { readonly service: Service }
export interface NamedInstance extends Candidate { readonly instance: Instance; readonly service: Service }
export interface NamedNode extends Candidate { readonly node: Node }
export interface NamedCluster extends Candidate { readonly cluster: Cluster }

/** `shop`, or `shop.namespace` where there are several shops. */
export function nameApplications(applications: readonly Application[]): NamedApplication[] {
  const short = unique(applications.map(({ application_name: name }) => name));
  return applications.map((application) => {
    const { applicationID: id, application_name: name, application_namespace: namespace } = application;
    const whole = `${name}.${namespace}`;
    return { application, id, name: short(name) ? name : whole, names: [name, whole] };
  });
}

/** `shop/web`, or `shop.namespace/web.namespace` where that alone could be another. Oakestra's job name works too. */
export function nameServices(services: readonly Service[]): NamedService[] {
  const short = unique(services.map(shortName));
  return services.map((service) => {
    const { microserviceID: id, microservice_name: name, microservice_namespace: namespace, app_name: app, app_ns: appNamespace, job_name: jobName } = service;
    const whole = `${app}.${appNamespace}/${name}.${namespace}`;
    const names = [shortName(service), whole, `${app}/${name}.${namespace}`, `${app}.${appNamespace}/${name}`, jobName, name, `${name}.${namespace}`];
    return { service, id, name: short(shortName(service)) ? shortName(service) : whole, names };
  });
}

/** The service's names with the number behind: `shop/web/0`. */
export function nameInstances(services: readonly NamedService[]): NamedInstance[] {
  return services.flatMap(({ service, name, names }) => service.instance_list.map((instance) => ({
    service, instance, id: instance.id, name: `${name}/${instance.instance_number}`,
    names: [...names.map((each) => `${each}/${instance.instance_number}`), `${service.job_name}.instance.${instance.instance_number}`],
  })));
}

export function nameNodes(nodes: readonly Node[]): NamedNode[] {
  return nodes.map((node) => ({ node, ...nameNode(node.cluster, node.name) }));
}

/** `cluster/node`, and the node alone where it is the only one of that name. */
export function nameNode(cluster: string, node: string): Candidate {
  const whole = `${cluster}/${node}`;
  return { id: whole, name: whole, names: [node, whole] };
}

export function nameClusters(clusters: readonly Cluster[]): NamedCluster[] {
  return clusters.map((cluster) => ({ cluster, id: cluster._id, name: cluster.cluster_name, names: [cluster.cluster_name] }));
}

const shortName = ({ app_name: app, microservice_name: name }: Service): string => `${app}/${name}`;

function unique(names: readonly string[]): (name: string) => boolean {
  const seen = new Map<string, number>();
  for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
  return (name) => seen.get(name) === 1;
}
