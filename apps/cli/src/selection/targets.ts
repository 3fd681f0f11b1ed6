import type { Root } from '../root/root.ts';
import { nameApplications, nameInstances, nameServices, type NamedApplication, type NamedInstance, type NamedService } from './named.ts';
import { pick } from './pick.ts';

export type Target = ({ readonly kind: 'application' } & NamedApplication) | ({ readonly kind: 'service' } & NamedService) | ({ readonly kind: 'instance' } & NamedInstance);

const tagged = <K extends Target['kind'], C>(kind: K, all: readonly C[]): (C & { readonly kind: K })[] => all.map((one) => ({ ...one, kind }));

/** A service or one of its instances. @throws Failure */
export async function pickRunning(root: Root, reference: string): Promise<Exclude<Target, { kind: 'application' }>> {
  const services = nameServices(await root.services());
  return pick<Exclude<Target, { kind: 'application' }>>('service or instance', reference, tagged('service', services), tagged('instance', nameInstances(services)));
}

/** @throws Failure */
export async function pickAny(root: Root, reference: string): Promise<Target> {
  const [applications, services] = [nameApplications(await root.applications()), nameServices(await root.services())];
  return pick<Target>('application, service or instance', reference, tagged('application', applications), tagged('service', services), tagged('instance', nameInstances(services)));
}

/** @throws Failure */
export async function pickService(root: Root, reference: string): Promise<NamedService> {
  return pick('service', reference, nameServices(await root.services()));
}

/** The instances that are meant by a service (all) or by an instance (that one). */
export function instancesOf(target: Exclude<Target, { kind: 'application' }>): NamedInstance[] {
  return target.kind === 'instance' ? [target] : nameInstances([target]);
}
