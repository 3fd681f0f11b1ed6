import { isReachable } from '@oak/addressing';
import type { ServiceRoute } from '@oak/contracts';

/** Who asks: an instance of this application. */
export interface Caller {
  readonly applicationId: string;
  readonly organisation: string;
  /** Name and namespace of the application. */
  readonly application: string;
  readonly namespace: string;
}

interface Labels { readonly application: string; readonly namespace: string; readonly microservice: string; readonly microserviceNamespace: string }

/** A route never changes, a new one takes its place: its name is taken apart once. */
const known = new WeakMap<ServiceRoute, Labels>();

function labelsOf(route: ServiceRoute): Labels {
  const before = known.get(route);
  if (before) return before;
  const [application = '', namespace = '', microservice = '', microserviceNamespace = ''] = route.name.toLowerCase().split('.');
  const labels = { application, namespace, microservice, microserviceNamespace };
  known.set(route, labels);
  return labels;
}

/** `<microservice>.<namespace>.<application>.<namespace>`, the name that only this service has. */
export function longName(route: ServiceRoute): string {
  const { application, namespace, microservice, microserviceNamespace } = labelsOf(route);
  return [microservice, microserviceNamespace, application, namespace].join('.');
}

/** Tells most routes apart from the one that is asked for without taking them apart: with thousands of services that decides how long an answer takes. */
function isOf(route: ServiceRoute, application: string | undefined): boolean {
  return application !== undefined && route.name.charCodeAt(application.length) === dot && route.name.slice(0, application.length).toLowerCase() === application;
}
const dot = 0x2e;

/**
 * Whether lower-case labels name this service: as `<microservice>.<application>`, or in full. In our zone `<microservice>.<application>.<namespace>` does too:
 * a workload's first search domain makes it from a bare name.
 */
export function isNamed(route: ServiceRoute, asked: readonly string[], inZone: boolean): boolean {
  if (!isOf(route, asked[asked.length === 4 ? 2 : 1])) return false;
  const { namespace, microservice, microserviceNamespace } = labelsOf(route);
  if (asked[0] !== microservice) return false;
  if (asked.length === 2) return true;
  if (asked.length === 3) return inZone && asked[2] === namespace;
  return asked.length === 4 && asked[1] === microserviceNamespace && asked[3] === namespace;
}

/** Whether a name of this service ends with these labels and has more before them: then the shorter name exists too, though it says nothing. */
export function isBelow(route: ServiceRoute, asked: readonly string[]): boolean {
  if (asked.length > 3 || (asked.length > 1 && !isOf(route, asked.at(-2)))) return false;
  const { application, namespace, microserviceNamespace } = labelsOf(route);
  if (asked.length === 1) return asked[0] === application || asked[0] === namespace;
  return asked.at(-1) === namespace && (asked.length === 2 || asked[0] === microserviceNamespace);
}

/**
 * Outside our zone a name may be somebody's on the internet as well: there only the caller's own organisation can stand in front of it,
 * or a public application called `com` would answer for the world.
 */
export function mayAnswer(route: ServiceRoute, caller: Caller, inZone: boolean): boolean {
  return isReachable(caller, route) && (inZone || route.organisation === caller.organisation || route.applicationId === caller.applicationId);
}

/** The one that the caller means when a name fits several: of its own application, organisation, namespace, and then by name. */
export function nearestTo(caller: Caller, routes: readonly ServiceRoute[]): ServiceRoute | undefined {
  const distance = (route: ServiceRoute): string => {
    const { namespace, microserviceNamespace } = labelsOf(route);
    const own = caller.namespace.toLowerCase();
    const apart = [route.applicationId !== caller.applicationId, route.organisation !== caller.organisation, namespace !== own, microserviceNamespace !== own];
    return [...apart.map(Number), longName(route), route.id].join(' ');
  };
  return routes.map((route) => ({ route, distance: distance(route) })).toSorted((a, b) => (a.distance < b.distance ? -1 : 1))[0]?.route;
}
