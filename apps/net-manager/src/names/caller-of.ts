import type { Remembered } from '../datapath/remembered.ts';
import type { Caller } from './service-names.ts';

/** As who an instance asks for names, or undefined: it takes no part in the overlay. Names of instances are `<application>.<namespace>.<microservice>.<namespace>.instance.<number>`. */
export function callerOf({ name, network }: Remembered): Caller | undefined {
  const [application, namespace] = name.split('.');
  if (!network || application === undefined || namespace === undefined) return undefined;
  return { applicationId: network.applicationId, organisation: network.organisation, application, namespace };
}
