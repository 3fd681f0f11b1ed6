import { parseAddress, printAddress } from '@oak/addressing';
import type { ServiceRoute } from '@oak/contracts';
import { longName } from './service-names.ts';
import { ttlSeconds, zone } from './zone.ts';

/** The address that lower-case labels such as `7.0.30.10.in-addr.arpa` stand for, in its shortest form; undefined for other names. */
export function reverseAddress(labels: readonly string[]): string | undefined {
  const [tree, arpa] = labels.slice(-2);
  const digits = labels.slice(0, -2).toReversed();
  if (arpa !== 'arpa') return undefined;
  if (tree === 'in-addr' && digits.length === 4) return canonical(digits.join('.'));
  if (tree !== 'ip6' || digits.length !== 32 || digits.some((digit) => digit.length !== 1)) return undefined;
  return canonical(digits.join('').replace(/.{4}(?!$)/g, '$&:'));
}

interface Pointer { readonly content: string; readonly ttlSeconds: number }

/** A route never changes, a new one takes its place: its addresses are read once. */
const known = new WeakMap<ServiceRoute, ReadonlyMap<string, Pointer>>();

/** The name of a service's or an instance's address. */
export function findPointer(address: string, routes: readonly ServiceRoute[]): Pointer | undefined {
  for (const route of routes) {
    const pointer = pointersOf(route).get(address);
    if (pointer) return pointer;
  }
  return undefined;
}

function pointersOf(route: ServiceRoute): ReadonlyMap<string, Pointer> {
  const before = known.get(route);
  if (before) return before;
  const pointers = new Map<string, Pointer>();
  const name = `${longName(route)}.${zone}`;
  const add = ({ ipv4, ipv6 }: { readonly ipv4: string; readonly ipv6: string }, content: string, seconds: number): void => {
    for (const address of [ipv4, ipv6]) pointers.set(canonical(address) ?? address, { content, ttlSeconds: seconds });
  };
  for (const backend of route.backends) add(backend, `${backend.instanceNumber}._instance.${name}`, ttlSeconds.instance);
  if (route.addresses.closest) add(route.addresses.closest, `_closest.${name}`, ttlSeconds.service);
  add(route.addresses.roundRobin, name, ttlSeconds.service);
  known.set(route, pointers);
  return pointers;
}

/** One text for each address. Undefined: not an address. */
export function canonical(text: string): string | undefined {
  const parsed = parseAddress(text);
  return parsed && printAddress(parsed);
}
