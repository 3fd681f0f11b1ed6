import { instanceSpecSchema, type InstanceReport, type InstanceSpec } from '@oak/contracts';
import type { NetClient } from '@oak/net-api';
import { FakeClock, seededRandom } from '@oak/reconcile/testing';
import { FakeRuntime, fakeCommand, type Program } from '@oak/runtime/testing';
import { parseMicroservice } from '@oak/sla';
import { MemoryStore, type MemoryDisk } from '@oak/store/testing';
import { InstanceReconciler } from '../instances/instance-reconciler.ts';
import { instancesCollection } from '../instances/instance-record.ts';
import { Instances } from '../instances/instances.ts';
import { Observations } from '../instances/observations.ts';
import { Life, mortal } from './mortal.ts';

export const id = 'a'.repeat(24);
const never = new AbortController().signal;

export function specOf(program: Program, change: Readonly<Record<string, unknown>> = {}): InstanceSpec {
  const parsed = parseMicroservice({
    microservice_name: 'one', microservice_namespace: 'test', virtualization: 'runc', code: 'image', memory: 10, vcpus: 1, cmd: fakeCommand(program), ...change,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  const { microservice } = parsed;
  return instanceSpecSchema.parse({ id, serviceId: 'b'.repeat(24), applicationId: 'c'.repeat(24), instanceNumber: 0, name: 'app.test.one.test', attempt: 0, microservice });
}

type Net = Pick<NetClient, 'attach' | 'detach' | 'list'>;
type Attachment = Awaited<ReturnType<Net['attach']>>;

class MemoryNet implements Net {
  readonly attached = new Map<string, Attachment>();
  attach: Net['attach'] = ({ instanceId, name, ports }) => {
    const attachment: Attachment = {
      instanceId, name, ports, netnsPath: '/run/netns/x', ipv4: '10.18.0.2', ipv6: 'fc00::2', gatewayIpv4: '', gatewayIpv6: '', mac: '', nameservers: [], searchDomains: [],
    };
    this.attached.set(instanceId, attachment);
    return Promise.resolve(attachment);
  };
  detach: Net['detach'] = (instanceId) => { this.attached.delete(instanceId); return Promise.resolve(); };
  list: Net['list'] = () => Promise.resolve([...this.attached.values()]);
}

/** One run of the engine's room of instances. What it holds in memory ends with it. */
export interface Engine {
  readonly instances: Instances;
  /** Reconciles until nothing is to be done and nothing has happened, or until `enough` waits were waited. @throws Dead */
  readonly settle: (enough?: number) => Promise<void>;
}

/** The machine under an engine: runtime, network and disk go on when it ends. */
export class ANode {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly runtime = new FakeRuntime({ clock: this.clock, virtualization: 'runc' });
  readonly net = new MemoryNet();
  readonly told: InstanceReport[] = [];
  /** How often it was to be found out whether the instance answers. */
  asked = 0;
  readonly #disk: MemoryDisk = new Map();

  constructor() {
    this.runtime.images.set('image', {});
  }

  engine(life = new Life()): Engine {
    const { clock } = this;
    const runtime = mortal(this.runtime, life, ['prepare', 'start', 'stop', 'remove', 'list']);
    const net = mortal<Net>(this.net, life, ['attach', 'detach', 'list']);
    const collection = mortal(new MemoryStore(this.#disk).collection(instancesCollection), life, ['get', 'update', 'remove', 'insertMany']);
    const tell = (report: InstanceReport): void => { if (!life.over) this.told.push(report); };
    const instances = new Instances({ instances: collection, tell, trigger: () => undefined, cancel: () => undefined, log: () => undefined });
    const observations = new Observations(() => [runtime]);
    let happened = false;
    runtime.watch(() => { happened = true; observations.changed(); });
    const reconciler = new InstanceReconciler({
      instances, observations, net, clock, random: seededRandom(1), graceMs: 100, drainMs: 100, onRunning: () => { this.asked++; }, log: () => undefined,
      runtimeFor: (name) => (name === 'runc' ? runtime : { problem: `no runtime ${name}` }),
    });
    const settle = async (enough = Infinity): Promise<void> => {
      for (let waits = 0; waits < enough; ) {
        happened = false;
        const passing = reconciler.reconcile(id, never);
        passing.catch(() => undefined);
        // A pass may wait for the grace of a stop.
        for (let slices = 0; slices < 5; slices++) await clock.advance(50);
        const result = await passing;
        if (result.kind === 'done' && !happened) return;
        const afterMs = result.kind === 'done' ? 0 : result.afterMs;
        if (afterMs > 0) waits++;
        await clock.advance(afterMs);
      }
    };
    return { instances, settle };
  }

  /** What the cluster was told last. */
  get status(): string | undefined {
    return this.told.at(-1)?.status;
  }

  /** Everything of the instance that is on the machine, and how it is. */
  async left(): Promise<{ lives: string[]; attached: number; records: number }> {
    const lives = (await this.runtime.list(never)).map(({ phase }) => phase);
    const records = await new MemoryStore(this.#disk).collection(instancesCollection).list();
    return { lives, attached: this.net.attached.size, records: records.length };
  }
}
