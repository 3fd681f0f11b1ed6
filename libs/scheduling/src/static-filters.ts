import type { Candidate, RuntimeState } from './candidate.ts';
import type { Demand } from './demand.ts';
import { example, type Filter } from './filter.ts';
import { archsFor, matches } from './fits.ts';

const runtimeOf = ({ runtimes }: Candidate, { virtualization }: Demand): RuntimeState | undefined =>
  (Object.hasOwn(runtimes, virtualization) ? runtimes[virtualization] : undefined);

const missing = (wanted: readonly string[], had: readonly string[]): string | undefined => wanted.find((name) => !had.includes(name));

const cordoned: Filter = { reason: 'cordoned', verbs: ['is cordoned', 'are cordoned'], refuses: (candidate) => candidate.cordoned, detail: () => '' };

const stale: Filter = { reason: 'stale', verbs: ['has not been heard lately', 'have not been heard lately'], refuses: (candidate) => candidate.stale, detail: () => '' };

const runtimeUnknown: Filter = {
  reason: 'runtime-unknown',
  verbs: ['lacks runtime', 'lack runtime'],
  refuses: (candidate, { demand }) => runtimeOf(candidate, demand) === undefined,
  detail: (_, { demand }) => ` ${demand.virtualization} (not installed)`,
};

const runtimeUnhealthy: Filter = {
  reason: 'runtime-unhealthy',
  verbs: ['has runtime', 'have runtime'],
  refuses: (candidate, { demand }) => runtimeOf(candidate, demand)?.available !== true,
  detail: (candidate, { demand }, alone) =>
    ` ${demand.virtualization}, but it does not work (${alone ? '' : `${candidate.name}: `}${runtimeOf(candidate, demand)?.reason ?? 'no reason given'})`,
};

const archMismatch: Filter = {
  reason: 'arch-mismatch',
  verbs: ['has another architecture', 'have another architecture'],
  refuses(candidate, { demand }) {
    const had = archsFor(candidate, demand);
    return demand.archs.length === 0 ? candidate.fits !== undefined && had.length === 0 : !demand.archs.some((arch) => had.includes(arch));
  },
  detail(candidate, { demand }, alone) {
    const had = archsFor(candidate, demand).join(', ') || `no machine ready for ${demand.virtualization}`;
    return ` (needs ${demand.archs.join(' or ') || 'any'}, ${example(candidate, alone, `has ${had}`)})`;
  },
};

const privilegedRefused: Filter = {
  reason: 'privileged-refused',
  verbs: ['takes no privileged workloads', 'take no privileged workloads'],
  refuses: (candidate, { demand }) => demand.privileged && !(candidate.fits?.some((fit) => matches(fit, demand)) ?? runtimeOf(candidate, demand)?.allowsPrivileged === true),
  detail: (_, { demand }) => ` in runtime ${demand.virtualization} (see allow_privileged in node.toml)`,
};

const csiDriverMissing: Filter = {
  reason: 'csi-driver-missing',
  verbs: ['lacks CSI driver', 'lack CSI driver'],
  refuses: ({ csiDrivers }, { demand }) => missing(demand.csiDrivers, csiDrivers) !== undefined,
  detail: ({ csiDrivers }, { demand }) => ` ${missing(demand.csiDrivers, csiDrivers)}`,
};

const addonMissing: Filter = {
  reason: 'addon-missing',
  verbs: ['lacks addon', 'lack addon'],
  refuses: ({ addons }, { demand }) => missing(demand.addons, addons) !== undefined,
  detail: ({ addons }, { demand }) => ` ${missing(demand.addons, addons)}`,
};

/** About what a candidate is: placing something on it changes none of these. */
export const staticFilters: readonly Filter[] = [cordoned, stale, runtimeUnknown, runtimeUnhealthy, archMismatch, privilegedRefused, csiDriverMissing, addonMissing];
