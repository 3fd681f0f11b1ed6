import type { Items } from '../overlay/claims.ts';
import type { Remembered } from './remembered.ts';
import type { TableFamily } from './table.ts';

/** What the kernel has of ours. */
export interface Kernel {
  readonly bridge: Bridge | undefined;
  readonly links: readonly Link[];
  /** By name. */
  readonly tunnels: ReadonlyMap<string, Tunnel>;
  readonly tables: Readonly<Record<TableFamily, Table | undefined>>;
  /** Whether what has no mark goes past our rules for routes, by family. */
  readonly guards: ReadonlySet<4 | 6>;
  readonly items: Items;
}

export interface Bridge {
  readonly up: boolean;
  readonly mtu: number;
  /** With their lengths; link-local ones are left out. */
  readonly addresses: readonly string[];
}

/** The node's end of an instance's veth pair. */
export interface Link {
  readonly name: string;
  readonly up: boolean;
  readonly master: string | undefined;
  readonly hairpin: boolean;
  /** Undefined: net-manager died while it made the link. Nobody was told of it. */
  readonly remembered: Remembered | undefined;
}

export interface Tunnel {
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  readonly port: number;
  /** With their lengths; those that a link gives itself are left out. */
  readonly addresses: readonly string[];
}

/** The fixed part of a table. */
export interface Table {
  readonly marker: string | undefined;
  /** Of the fixed chains. */
  readonly rules: number;
}

/** What this kernel knows how to do, beside what every node needs. */
export interface Abilities {
  /** Spread connections over instances. */
  readonly services: boolean;
  /** Judge what passes between the ports of a bridge. */
  readonly guard: boolean;
  /** VXLAN. */
  readonly tunnels: boolean;
}

/** Everything that the kernel shall have of ours, apart from the links themselves: attach and detach make and remove those. */
export interface Desired {
  readonly bridge: string;
  readonly tunnelPort: number;
  readonly can: Abilities;
  /** Of the bridge and of links between nodes that talk by IPv4. */
  readonly mtu: number;
  /** Whether tunnels may go through WireGuard. */
  readonly encrypted: boolean;
  /** This node's end of the tunnels. Undefined: it takes no part in the overlay. */
  readonly tunnelMac: string | undefined;
  /** This node's own subnets, as ranges; empty while unknown. */
  readonly ranges: readonly string[];
  readonly attachments: readonly Remembered[];
  readonly items: Items;
}
