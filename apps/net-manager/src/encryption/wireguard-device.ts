import type { Run } from '../datapath/run.ts';
import { ToolError } from '../datapath/tools.ts';
import { innerRange } from './inner-address.ts';
import { readDump, type Device } from './plan-peers.ts';
import type { EncryptionKind } from './probe-encryption.ts';

export interface WireguardDeviceOptions {
  readonly name: string;
  readonly kind: Exclude<EncryptionKind, 'none'>;
  readonly mtu: number;
  /** This node's own, inside. */
  readonly address: string;
  readonly port: number;
  readonly key: { readonly publicKey: string; readonly file: string };
}

/** The link that encrypts. It outlives this process, and with wireguard-go so does the process behind it. */
export class WireguardDevice {
  readonly #options: WireguardDeviceOptions;
  readonly #run: Run;

  constructor(options: WireguardDeviceOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  /** Adopts the device or makes it, and returns what it has. @throws ToolError */
  async ensure(): Promise<Device> {
    const { name, port, key } = this.#options;
    const found = await this.#read();
    if (!found) await this.#make();
    const device = found ?? await this.#read();
    if (!device) throw new ToolError(`${name} was made and is not there`);
    if (device.port !== port || device.publicKey !== key.publicKey) await this.set(['listen-port', String(port), 'private-key', key.file]);
    await this.#raise();
    return device;
  }

  async set(args: readonly string[]): Promise<void> {
    if (args.length > 0) await this.#must('wg', ['set', this.#options.name, ...args]);
  }

  /** Undefined: there is none, or nobody answers for it. */
  async #read(): Promise<Device | undefined> {
    const { code, stdout } = await this.#run('wg', ['show', this.#options.name, 'dump']);
    const { code: noLink } = await this.#run('ip', ['link', 'show', 'dev', this.#options.name]);
    return code === 0 && noLink === 0 ? readDump(stdout) : undefined;
  }

  /** wireguard-go goes into the background by itself; a session of its own keeps it from the signals of ours. Its log would hold our pipes open. */
  async #make(): Promise<void> {
    const { name, kind } = this.#options;
    if (kind === 'wireguard') return this.#must('ip', ['link', 'add', 'name', name, 'type', 'wireguard']);
    return this.#must('setsid', ['--wait', 'env', '-u', 'LOG_LEVEL', 'wireguard-go', name]);
  }

  async #raise(): Promise<void> {
    const { name, mtu, address } = this.#options;
    const length = innerRange.split('/')[1] ?? '';
    await this.#must('ip', ['link', 'set', 'dev', name, 'mtu', String(mtu), 'up']);
    await this.#must('ip', ['address', 'replace', `${address}/${length}`, 'dev', name, 'nodad']);
  }

  async #must(program: string, args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#run(program, args);
    if (code !== 0) throw new ToolError(`${program} ${args.slice(0, 4).join(' ')}: ${stderr.trim() || `exit code ${code}`}`);
  }
}

/** Takes the link of an earlier time away; wireguard-go ends with it. */
export async function removeDevice(name: string, run: Run): Promise<void> {
  await run('ip', ['link', 'del', 'dev', name]);
}
