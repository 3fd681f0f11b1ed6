import type { Resources } from '@oak/contracts';
import { normaliseVirtualization, parsePorts, type Constraint, type Microservice, type Protocol } from '@oak/sla';

export type Tier = 'cluster' | 'node';

export interface HostPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** What one instance asks of whoever takes it. Plain and JSON-serialisable. */
export interface Demand {
  /** Who is asked: clusters (by root) or nodes (by a cluster). */
  readonly tier: Tier;
  /** For people: `<microservice>.<namespace>`. */
  readonly name: string;
  /** Normalised: `container` is `docker`. */
  readonly virtualization: string;
  /** Any of these; empty = every architecture. */
  readonly archs: readonly string[];
  /** All capabilities and host devices, where an operator allows that. */
  readonly privileged: boolean;
  readonly resources: Resources;
  /** All of them. */
  readonly csiDrivers: readonly string[];
  /** All of them. */
  readonly addons: readonly string[];
  /** All of them free. */
  readonly hostPorts: readonly HostPort[];
  /** Names of the only candidates allowed; undefined = any, empty = the constraints contradict each other. */
  readonly pins: readonly string[] | undefined;
  /** Instances with the same key are spread: the microservice's id. */
  readonly spreadKey: string;
}

/** Reads from a descriptor what counts on one tier. `spreadKey` is the microservice's id unless given. */
export function demandOf(microservice: Microservice, tier: Tier, spreadKey: string = microservice.microserviceID): Demand {
  const { microservice_name, microservice_namespace, virtualization, arch, privileged, vcpus, memory, storage, vgpus, volumes, constraints, port } = microservice;
  return {
    tier, spreadKey, name: `${microservice_name}.${microservice_namespace}`,
    virtualization: normaliseVirtualization(virtualization), archs: arch, privileged,
    resources: { vcpus, memoryMiB: memoryOf(virtualization, memory), storageMiB: storage, vgpus },
    csiDrivers: unique(volumes.map((volume) => volume.csi_driver)),
    addons: unique(constraints.flatMap((constraint) => (constraint.type === 'addons' ? constraint.needs : []))),
    hostPorts: hostPortsOf(port), pins: pinsOf(constraints, tier),
  };
}

/** A unikernel's machine takes memory beside the guest's, and a guest that asks for none gets some; in MiB, as node-engine gives it. */
const unikernelMiB = { machine: 96, guest: 64 };

function memoryOf(virtualization: string, asked: number): number {
  if (normaliseVirtualization(virtualization) !== 'unikernel') return asked;
  return (asked > 0 ? asked : unikernelMiB.guest) + unikernelMiB.machine;
}

function hostPortsOf(text: string): HostPort[] {
  const parsed = parsePorts(text);
  return parsed.ok ? parsed.ports.map(({ hostPort, protocol }) => ({ port: hostPort, protocol })) : [];
}

/** All constraints must hold, so only names that every one of them allows remain. */
function pinsOf(constraints: readonly Constraint[], tier: Tier): string[] | undefined {
  const allowed = constraints.map((constraint) => allowedBy(constraint, tier)).filter((names) => names !== undefined);
  return allowed.length === 0 ? undefined : unique(allowed.reduce((left, right) => left.filter((name) => right.includes(name))));
}

function allowedBy(constraint: Constraint, tier: Tier): string[] | undefined {
  if (constraint.type === 'clusters') return tier === 'cluster' ? constraint.allowed : undefined;
  if (constraint.type !== 'direct') return undefined;
  const names = (tier === 'cluster' ? [constraint.cluster ?? ''] : (constraint.node ?? '').split(';')).map((name) => name.trim()).filter((name) => name !== '');
  return names.length === 0 ? undefined : names;
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];
