import type { Elements } from './table.ts';
import type { Remembered } from './remembered.ts';

/** What the kernel has of ours. */
export interface Kernel {
  readonly bridge: Bridge | undefined;
  readonly links: readonly Link[];
  readonly table: Table | undefined;
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

export interface Table {
  readonly marker: string | undefined;
  readonly rules: number;
  readonly elements: Elements;
}

/** Everything that the kernel shall have of ours, apart from the links themselves: attach and detach make and remove those. */
export interface Desired {
  readonly bridge: string;
  /** This node's own subnets, as ranges; both empty while unknown. */
  readonly ranges: readonly string[];
  readonly attachments: readonly Remembered[];
}
