import { existsSync } from 'node:fs';
import { forgetLines, innerLines, innerShell, outerLines, removeLines } from './attach-script.ts';
import type { Desired, Kernel } from './kernel.ts';
import { netnsPath, tableName } from './names.ts';
import { plan, type Change } from './plan.ts';
import { readLinks, readTable } from './read-kernel.ts';
import type { Remembered } from './remembered.ts';
import { render } from './render.ts';
import type { Run } from './run.ts';
import { enableForwarding, tameBridge, trackedFlows } from './sysctls.ts';
import { addElements, deleteElements, portElements } from './table.ts';
import { conntrack, inNetns, ipBatch, ipRemove, json, nft } from './tools.ts';

/** Acts on the kernel of the network namespace that this process runs in. Decides nothing. */
export class Datapath {
  readonly bridge: string;
  readonly #run: Run;

  constructor(bridge: string, run: Run) {
    this.bridge = bridge;
    this.#run = run;
  }

  /** What the kernel has of ours. A failed read throws; it is never "nothing there". */
  async read(): Promise<Kernel> {
    const [links, table] = await Promise.all([
      json(this.#run, 'ip', ['-j', '-d', 'address', 'show']),
      json(this.#run, 'nft', ['-j', 'list', 'table', 'inet', tableName]),
    ]);
    return { ...readLinks(links, this.bridge), table: table === undefined ? undefined : readTable(table) };
  }

  /** Takes the steps from `kernel` to `desired` and tells which they were. */
  async converge(desired: Desired, kernel: Kernel): Promise<readonly Change[]> {
    const changes = plan(desired, kernel);
    const { ip, nft: rules } = render(changes, desired);
    enableForwarding();
    await ipBatch(this.#run, ip);
    tameBridge(this.bridge);
    await nft(this.#run, rules);
    return changes;
  }

  /** Leaves nothing when it throws. */
  async make(instance: Remembered): Promise<void> {
    // Left by a predecessor that died before it could say whose it was.
    if (existsSync(netnsPath(instance.instanceId))) await this.#removeLink(instance.instanceId);
    try {
      await ipBatch(this.#run, outerLines(instance, this.bridge));
      await Promise.all([this.restore(instance), this.#map(instance)]);
    } catch (error) {
      await this.remove(instance.instanceId, instance);
      throw error;
    }
  }

  /** Addresses and routes in the instance's namespace: runsc takes them away when it starts. */
  async restore(instance: Remembered): Promise<void> {
    await inNetns(this.#run, netnsPath(instance.instanceId), innerShell, innerLines(instance));
  }

  /** All that is of this instance, whatever of it exists. */
  async remove(instanceId: string, instance: Remembered | undefined): Promise<void> {
    if (instance) await this.#unmap(instance);
    await this.#removeLink(instanceId);
    if (instance && trackedFlows() > 0) await conntrack(this.#run, forgetLines(instance));
  }

  async #removeLink(instanceId: string): Promise<void> {
    await ipRemove(this.#run, removeLines(instanceId));
  }

  async #map(instance: Remembered): Promise<void> {
    await nft(this.#run, portElements(instance).flatMap(({ set, key, value }) => addElements(set, [[key, value]])));
  }

  /** Adding first makes deleting what is not there succeed. */
  async #unmap(instance: Remembered): Promise<void> {
    await nft(this.#run, portElements(instance).flatMap(({ set, key, value }) => [...addElements(set, [[key, value]]), ...deleteElements(set, [key])]));
  }
}
