import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forwardArgv, forwarder, startForward } from './forward.ts';
import { endHosts, type ExecOptions, execIn, type Outcome, spawnIn, startHost } from './host.ts';
import { hostNamed, type HostRecord, type HostRole, type LabRecord, programNamed, type ProgramRecord, type Ready, saveRecord } from './lab-record.ts';
import { isAlive, signal, untilGone } from './process-identity.ts';
import { takeDown } from './take-down.ts';
import { untilReady } from './until-ready.ts';
import { makeBridge, network, plug, setCable } from './wires.ts';

export interface Program {
  /** Unique on its host; also the name of its log. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ready?: Ready;
}

/** Hosts on one machine: each with its own network, processes, mounts and name, all on one wire. */
export class Lab {
  readonly #record: LabRecord;
  #saving: Promise<void> = Promise.resolve();
  readonly #underWay = new Set<Promise<unknown>>();
  #closing = false;

  constructor(record: LabRecord) {
    this.#record = record;
  }

  /** What `lab.json` holds. */
  get record(): LabRecord {
    return this.#record;
  }

  get dir(): string {
    return this.#record.dir;
  }

  /** REST of root as seen from this machine, e.g. `http://127.0.0.1:41234`. */
  get restUrl(): string {
    if (this.#record.restUrl === undefined) throw new Error('this lab has no root orchestrator');
    return this.#record.restUrl;
  }

  /** The administrator's login at root. */
  async credentials(): Promise<{ username: string; password: string }> {
    if (this.#record.credentialsFile === undefined) throw new Error('this lab has no root orchestrator');
    return JSON.parse(await readFile(this.#record.credentialsFile, 'utf8')) as { username: string; password: string };
  }

  host(name: string): HostRecord {
    return hostNamed(this.#record, name);
  }

  /** The wire that all other hosts are plugged into; it is there before any other host. */
  async addSwitch(): Promise<void> {
    await this.#during(async () => makeBridge(await this.#boot('switch', 'switch', network.switchAddress)));
  }

  /** A host with an empty disk: the folder of its name in the lab's. */
  addHost(name: string, role: HostRole, address: string): Promise<HostRecord> {
    return this.#during(async () => {
      await mkdir(join(this.dir, name));
      const host = await this.#boot(name, role, address);
      await plug(this.#switch(), host);
      return host;
    });
  }

  async #boot(name: string, role: HostRole, address: string): Promise<HostRecord> {
    const host = { name, role, address, init: await startHost(this.dir, name), programs: [] };
    this.#record.hosts.push(host);
    await this.#save();
    return host;
  }

  #switch(): HostRecord {
    return hostNamed(this.#record, 'switch');
  }

  /** Runs a command on a host to its end. */
  exec(hostName: string, argv: readonly string[], options?: ExecOptions): Promise<Outcome> {
    return execIn(this.host(hostName).init, argv, options);
  }

  /** Starts a program that goes on when this process ends, and waits until it is ready. */
  run(hostName: string, program: Program): Promise<ProgramRecord> {
    return this.#during(() => this.#run(hostName, program));
  }

  async #run(hostName: string, { name, argv, env = {}, ready }: Program): Promise<ProgramRecord> {
    const host = this.host(hostName);
    if (host.programs.some((program) => program.name === name)) throw new Error(`${name} is on host ${hostName} already; use start`);
    const log = join(this.dir, 'logs', `${hostName}-${name}.log`);
    await mkdir(join(this.dir, 'logs'), { recursive: true });
    const program = { name, argv: [...argv], env: { ...env }, log, ...(ready && { ready }), process: await this.#launch(host, { argv, env, log }) };
    host.programs.push(program);
    await this.#save();
    await untilReady(host, program);
    return program;
  }

  async #launch(host: HostRecord, { argv, env, log }: { argv: readonly string[]; env: Readonly<Record<string, string>>; log: string }) {
    const file = await open(log, 'a');
    try {
      return await spawnIn(host.init, argv, env, file.fd);
    } finally {
      await file.close();
    }
  }

  /** Starts a program again that was killed. */
  start(hostName: string, name: string): Promise<void> {
    return this.#during(() => this.#start(hostName, name));
  }

  async #start(hostName: string, name: string): Promise<void> {
    const host = this.host(hostName);
    const program = programNamed(host, name);
    if (await isAlive(program.process)) throw new Error(`${name} on ${hostName} runs already`);
    if (name === forwarder) return this.#forward(hostName, Number(program.argv.at(-1)));
    program.process = await this.#launch(host, program);
    await this.#save();
    await untilReady(host, program);
  }

  /** Sends a signal to one program, and to nothing that it started. SIGKILL and SIGTERM: waits until it is gone. */
  async kill(hostName: string, name: string, how: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { process: identity } = programNamed(this.host(hostName), name);
    if (!(await signal(identity, how))) throw new Error(`${name} on ${hostName} does not run`);
    if (how === 'SIGKILL' || how === 'SIGTERM') await untilGone(identity, 30_000);
  }

  /** Makes a port of a host reachable at 127.0.0.1 of this machine, and at the same port again after a restart. */
  forward(hostName: string, target: number): Promise<void> {
    return this.#during(() => this.#forward(hostName, target));
  }

  async #forward(hostName: string, target: number): Promise<void> {
    const host = this.host(hostName);
    const earlier = host.programs.find((program) => program.name === forwarder);
    const argv = forwardArgv(target);
    const log = join(this.dir, 'logs', `${hostName}-${forwarder}.log`);
    await mkdir(join(this.dir, 'logs'), { recursive: true });
    const file = await open(log, 'a');
    try {
      const wanted = earlier === undefined ? 0 : Number(new URL(this.restUrl).port);
      const { process: identity, port } = await startForward(host.init, argv, wanted, file.fd);
      if (earlier === undefined) host.programs.push({ name: forwarder, argv, env: {}, log, process: identity });
      else earlier.process = identity;
      this.#record.restUrl = `http://127.0.0.1:${port}`;
    } finally {
      await file.close();
    }
    await this.#save();
  }

  /** Takes a host's cable out: everything on it goes on, nobody hears of it. */
  cut(hostName: string): Promise<void> {
    return setCable(this.#switch(), this.host(hostName), 'down');
  }

  async heal(hostName: string): Promise<void> {
    await setCable(this.#switch(), this.host(hostName), 'up');
  }

  /** Pulls a host's plug: no process, link or mount of it survives. Its disk does, and so does its place on the wire. */
  async powerOff(hostName: string): Promise<void> {
    await endHosts([this.host(hostName).init]);
  }

  /** Starts a host that was powered off, with the programs it had, in their order. */
  powerOn(hostName: string): Promise<void> {
    return this.#during(() => this.#powerOn(hostName));
  }

  async #powerOn(hostName: string): Promise<void> {
    const host = this.host(hostName);
    if (await isAlive(host.init)) throw new Error(`host ${hostName} is on`);
    host.init = await startHost(this.dir, hostName);
    await plug(this.#switch(), host);
    await this.#save();
    for (const { name } of host.programs) await this.#start(hostName, name);
  }

  log(hostName: string, name: string): Promise<string> {
    return readFile(programNamed(this.host(hostName), name).log, 'utf8');
  }

  keep(changes: Pick<Partial<LabRecord>, 'credentialsFile'>): Promise<void> {
    Object.assign(this.#record, changes);
    return this.#save();
  }

  /** Ends the lab and leaves nothing of it, whatever this object is just doing. */
  async down(): Promise<void> {
    this.#closing = true;
    await takeDown(this.dir);
    if (this.#underWay.size === 0) return;
    // What was under way has lost its hosts and fails soon; it may have made something in the meantime.
    await Promise.allSettled(this.#underWay);
    await takeDown(this.dir);
  }

  #during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new Error(`the lab in ${this.dir} is going down`));
    const running = work();
    this.#underWay.add(running);
    return running.finally(() => this.#underWay.delete(running));
  }

  /** One at a time: hosts are started side by side. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => saveRecord(this.#record));
    return this.#saving;
  }
}
