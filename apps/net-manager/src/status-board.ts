import type { NodeSubnet } from '@oak/addressing';
import type { NetStatus, OverlayStatus } from '@oak/net-api';

type Part = 'kernel' | 'subnet';

/** What stands between this process and being ready, and who wants to know. */
export class StatusBoard {
  readonly #bridge: string;
  readonly #problems = new Map<Part, string>([['kernel', 'starting'], ['subnet', 'this node has no subnet yet']]);
  readonly #listeners = new Set<(status: NetStatus) => void>();
  readonly #encryption: string;
  #subnet: NodeSubnet | undefined;
  /** Of the overlay alone: instances run and reach the world nevertheless. */
  #overlay: readonly string[];

  constructor(bridge: string, overlay: readonly string[], encryption: string) {
    this.#encryption = encryption;
    this.#bridge = bridge;
    this.#overlay = overlay;
  }

  status(): NetStatus {
    return {
      ready: this.#problems.size === 0, problem: [...this.#problems.values()].join('; '),
      subnetV4: this.#subnet?.v4 ?? '', subnetV6: this.#subnet?.v6 ?? '', bridge: this.#bridge, overlay: this.#overlayStatus(),
    };
  }

  /** `problem` undefined: this part is well. */
  report(part: Part, problem: string | undefined): void {
    this.#change(() => { if (problem === undefined) this.#problems.delete(part); else this.#problems.set(part, problem); });
  }

  reportOverlay(problems: readonly string[]): void {
    this.#change(() => { this.#overlay = problems; });
  }

  useSubnet(subnet: NodeSubnet | undefined): void {
    if (subnet) this.#change(() => { this.#subnet = subnet; this.#problems.delete('subnet'); });
  }

  watch(listener: (status: NetStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  #overlayStatus(): OverlayStatus {
    const problems = [...this.#problems.values(), ...this.#overlay];
    return { ready: problems.length === 0, problem: problems.join('; '), encryption: this.#encryption };
  }

  #change(change: () => void): void {
    const before = JSON.stringify(this.status());
    change();
    const after = this.status();
    if (JSON.stringify(after) !== before) for (const listener of this.#listeners) listener(after);
  }
}
