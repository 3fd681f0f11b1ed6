import { existsSync } from 'node:fs';
import { innerLines, innerShell, outerLines, removeLines } from './attach-script.ts';
import { batched } from './batched.ts';
import { forgetLines, parseFlows } from './flows.ts';
import type { Desired, Kernel } from './kernel.ts';
import { netnsPath, tableName } from './names.ts';
import { plan, type Change } from './plan.ts';
import { bare } from './range.ts';
import { readLinks, readTable } from './read-kernel.ts';
import type { Remembered } from './remembered.ts';
import { render } from './render.ts';
import type { Run } from './run.ts';
import { enableForwarding, hasFlows, tameBridge } from './sysctls.ts';
import { addElements, deleteElements, portElements } from './table.ts';
import { conntrack, inNetns, ipBatch, ipRemove, json, nft, trackedFlows } from './tools.ts';

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
    const { gone, ip, nft: rules } = render(changes, desired);
    enableForwarding();
    await ipRemove(this.#run, gone);
    await ipBatch(this.#run, ip);
    tameBridge(this.bridge);
    await nft(this.#run, rules);
    return changes;
  }

  /** Leaves nothing when it throws. */
  async make(instance: Remembered): Promise<void> {
    // Left by a predecessor that died before it could say whose it was.
    if (existsSync(netnsPath(instance.instanceId))) await this.remove(instance.instanceId, undefined);
    try {
      const linked = ipBatch(this.#run, outerLines(instance, this.bridge)).then(() => this.restore(instance));
      await all([linked, this.#map(instance)]);
    } catch (error) {
      await all([this.remove(instance.instanceId, instance)], [error]);
    }
  }

  /** Addresses and routes in the instance's namespace: runsc takes them away when it starts. */
  async restore(instance: Remembered): Promise<void> {
    await inNetns(this.#run, netnsPath(instance.instanceId), innerShell, innerLines(instance));
  }

  /** All that is of this instance, whatever of it exists. */
  async remove(instanceId: string, instance: Remembered | undefined): Promise<void> {
    await this.#remove({ instanceId, instance });
  }

  readonly #remove = batched<{ instanceId: string; instance: Remembered | undefined }>(async (items) => {
    const known = items.flatMap(({ instance }) => (instance ? [instance] : []));
    const unmapped = this.#unmap(known);
    const removed = unmapped.catch(() => undefined).then(() => ipRemove(this.#run, removeLines(items.map(({ instanceId }) => instanceId))));
    await all([unmapped, removed]);
    await this.#forget(known);
  });

  async #map(instance: Remembered): Promise<void> {
    await nft(this.#run, portElements(instance).flatMap(({ set, key, value }) => addElements(set, [[key, value]])));
  }

  /** Adding first makes deleting what is not there succeed. */
  async #unmap(instances: readonly Remembered[]): Promise<void> {
    await nft(this.#run, instances.flatMap(portElements).flatMap(({ set, key, value }) => [...addElements(set, [[key, value]]), ...deleteElements(set, [key])]));
  }

  /** The next owner of the addresses must not inherit flows: a sender of UDP would never notice the change. */
  async #forget(instances: readonly Remembered[]): Promise<void> {
    if (instances.length === 0 || !hasFlows()) return;
    const addresses = new Set(instances.flatMap(({ ipv4, ipv6 }) => [bare(ipv4), bare(ipv6)]));
    const lines = forgetLines(parseFlows(await trackedFlows(this.#run)), addresses);
    if (lines.length > 0) await conntrack(this.#run, lines);
  }
}

/** Waits for every step, also after one failed, so that nothing happens behind the back of an undo. Throws all that went wrong, `before` included, as one. */
async function all(steps: readonly Promise<void>[], before: readonly unknown[] = []): Promise<void> {
  const settled = await Promise.allSettled(steps);
  const faults = [...before, ...settled.flatMap((step) => (step.status === 'rejected' ? [step.reason as unknown] : []))];
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw new Error(faults.map((fault) => (fault instanceof Error ? fault.message : String(fault))).join('; then '), { cause: faults[0] });
}
