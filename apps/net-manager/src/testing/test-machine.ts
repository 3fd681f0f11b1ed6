import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NetClient, type AttachRequest, type InstanceNetwork } from '@oak/net-api';

const exec = promisify(execFile);
const appDir = join(import.meta.dirname, '../..');
export const nodeSubnet = '10.18.0.0/26,fc00::/120';

/** Bundles the app as it is shipped. @returns path of the program */
export async function bundle(dir: string): Promise<string> {
  const file = join(dir, 'main.js');
  // Where it finds what is not bundled.
  symlinkSync(join(appDir, '../../node_modules'), join(dir, 'node_modules'));
  await exec(process.execPath, [join(appDir, '../../node_modules/.bin/rolldown'), '-c', '../../rolldown.config.mjs', '-o', file], { cwd: appDir });
  return file;
}

export interface TestMachineOptions {
  /** A machine that was set up before: this one is plugged into the same switch. */
  readonly beside?: TestMachine;
  /** Its address: 192.0.2.<n> and 2001:db8::<n>. 1 unless told, never 2. */
  readonly number?: number;
}

/**
 * A node and somebody outside, as network namespaces that are joined by a switch: 192.0.2.1 and 2001:db8::1 is the node, .2 and ::2 the outside.
 * The node knows a way back to nobody else. Everything goes away with `dispose`, also what a killed net-manager left.
 */
export class TestMachine {
  readonly node: string;
  readonly outside: string;
  readonly dir = mkdtempSync(join(tmpdir(), 'oak-net-machine-'));
  readonly number: number;
  readonly #program: string;
  readonly #beside: TestMachine | undefined;
  /** The ids of its instances begin so: namespaces are the whole machine's, and others test at the same time. */
  readonly #tag = randomBytes(4).toString('hex');
  readonly #children = new Set<ChildProcess>();
  readonly #clients: NetClient[] = [];
  #instances = 0;
  #app: ChildProcess | undefined;

  constructor(program: string, { beside, number = 1 }: TestMachineOptions = {}) {
    this.#program = program;
    this.#beside = beside;
    this.number = number;
    this.node = `oaktest-${this.#tag}-n`;
    this.outside = beside?.outside ?? `oaktest-${this.#tag}-o`;
  }

  get address(): { readonly v4: string; readonly v6: string } {
    return { v4: `192.0.2.${this.number}`, v6: `2001:db8::${this.number}` };
  }

  async setUp(): Promise<void> {
    if (!this.#beside) {
      await this.#sh(`ip netns add ${this.outside}`);
      await this.sh(this.outside, 'ip link add wan type bridge && ip link set lo up');
      await this.#address(this.outside, 2);
    }
    await this.#sh(`ip netns add ${this.node}`);
    await this.#sh(`ip link add wan netns ${this.node} type veth peer name port${this.number} netns ${this.outside}`);
    await this.sh(this.outside, `ip link set port${this.number} addrgenmode none master wan up`);
    await this.sh(this.node, 'ip link set lo up');
    await this.#address(this.node, this.number);
  }

  /** Its link-local address would be tentative for a second or two, and then look like a change that nobody made. */
  async #address(netns: string, n: number): Promise<void> {
    await this.sh(netns, `sysctl -qw net.ipv6.conf.wan.accept_dad=0 && ip link set wan up && ip address add 192.0.2.${n}/24 dev wan && ip address add 2001:db8::${n}/64 dev wan nodad`);
  }

  get socket(): string {
    return join(this.dir, 'net.sock');
  }

  /** Starts net-manager in the node and waits until it is ready. `env` goes over the usual one; undefined takes a variable away. */
  async start(env: Record<string, string | undefined> = {}): Promise<NetClient> {
    const client = this.launch(env);
    if (this.#app) await untilReady(client, this.#app);
    return client;
  }

  /** Starts net-manager in the node. */
  launch(env: Record<string, string | undefined> = {}): NetClient {
    const child = this.#spawn(this.node, [process.execPath, this.#program], { OAK_NET_SOCKET: this.socket, OAK_STATE_DIR: join(this.dir, 'state'), OAK_NODE_SUBNET: nodeSubnet, ...env });
    this.#app = child;
    const client = new NetClient(this.socket, { deadlineMs: 20_000, firstPauseMs: 20, longestPauseMs: 100 });
    this.#clients.push(client);
    return client;
  }

  /** Ends net-manager and waits until it is gone. Returns its exit code, null when the signal ended it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const app = this.#app;
    if (!app) throw new Error('net-manager was not started');
    await endChild(app, signal);
    this.#app = undefined;
    return app.exitCode;
  }

  /** A request for a new instance. */
  request(ports: AttachRequest['ports'] = [], name?: string): AttachRequest {
    this.#instances += 1;
    return { instanceId: this.#tag + this.#instances.toString(16).padStart(16, '0'), name: name ?? `shop.test.web.test.instance.${this.#instances}`, ports };
  }

  /** One that takes part in the overlay: as instance 10.30.<machine>.<n> of an application. */
  member(network: Partial<InstanceNetwork> = {}, ports: AttachRequest['ports'] = []): AttachRequest & { readonly network: InstanceNetwork } {
    const request = this.request(ports);
    return { ...request, network: { applicationId: 'a'.repeat(24), organisation: 'acme', ipv4: `10.30.${this.number}.${this.#instances}`, ipv6: `fdff::${this.number}:${this.#instances.toString(16)}`, ...network } };
  }

  /** Runs a command line inside a namespace. */
  async sh(netns: string, command: string): Promise<string> {
    return this.#sh(command, netns);
  }

  /** A process inside a namespace that has said its first line. */
  async program(netns: string, source: string): Promise<ChildProcess> {
    const child = this.#spawn(netns, [process.execPath, '-e', source], {});
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => { resolve(); });
      child.once('exit', (code) => { reject(new Error(`the program ended with ${code}: ${source}`)); });
    });
    return child;
  }

  /** Says its name and who asks, on a port of both families. */
  serve(netns: string, port: number, name: string): Promise<ChildProcess> {
    return this.program(netns, `require('node:http').createServer((q, r) => r.end('${name} to ' + q.socket.remoteAddress.replace('::ffff:', ''))).listen(${port}, '::', () => console.log('up'))`);
  }

  /** What that answers, or the error's code. */
  async ask(netns: string, url: string, timeoutMs = 5000): Promise<string> {
    const source = `fetch(process.argv[1], { signal: AbortSignal.timeout(${timeoutMs}) }).then((r) => r.text()).then(console.log, (e) => console.log(e.cause?.code ?? e.name)).finally(() => process.exit())`;
    return (await exec('nsenter', [`--net=/run/netns/${netns}`, process.execPath, '-e', source, url])).stdout.trim();
  }

  /** The answers to as many requests, one connection each, one after another. */
  askMany(netns: string, url: string, times: number): Promise<string[]> {
    return this.askEach(netns, Array.from({ length: times }, () => url));
  }

  /** What each of these answers, or the error's code; one connection each, one after another. */
  async askEach(netns: string, urls: readonly string[]): Promise<string[]> {
    const source = `const { get } = require('node:http'); const one = (url) => new Promise((done) => { const q = get(url, { agent: false, timeout: 5000 }, (r) => { let t = ''; r.on('data', (d) => { t += d; }).on('end', () => done(t)); }); q.on('error', (e) => done(e.code)).on('timeout', () => { q.destroy(); done('TimeoutError'); }); }); (async () => { for (const url of process.argv.slice(1)) console.log(await one(url)); })()`;
    return (await exec('nsenter', [`--net=/run/netns/${netns}`, process.execPath, '-e', source, ...urls])).stdout.trim().split('\n');
  }

  /** What a program prints. */
  async run(netns: string, source: string): Promise<string> {
    return (await exec('nsenter', [`--net=/run/netns/${netns}`, process.execPath, '-e', source])).stdout.trim();
  }

  /** What becomes of a datagram: an answer, the error's code, or `sent` when there is none in half a second. */
  async sendUdp(netns: string, type: 'udp4' | 'udp6', address: string, port: number, bytes = Buffer.from('hello')): Promise<string> {
    return this.run(netns, `const s = require('node:dgram').createSocket('${type}'); const end = (t) => { console.log(t); process.exit(); }; s.on('error', (e) => end(e.code)).on('message', (m) => end(String(m))); s.connect(${port}, '${address}', () => { s.send(Buffer.from('${bytes.toString('base64')}', 'base64')); setTimeout(end, 500, 'sent'); })`);
  }

  /** A TCP connection that stays open: says something and gives back what is answered. */
  async talker(netns: string, address: string, port: number): Promise<Talker> {
    return talkerOf(await this.program(netns, `const s = require('node:net').connect(${port}, '${address}', () => { console.log('up'); process.stdin.pipe(s); s.pipe(process.stdout); }).on('error', () => { process.exit(); })`));
  }

  /** A UDP socket that stays the same. */
  async udpCaller(netns: string, address: string, port: number, from = 0): Promise<Talker> {
    return talkerOf(await this.program(netns, `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => process.stdout.write(m)); s.bind(${from}, () => { console.log('up'); process.stdin.on('data', (d) => s.send(d, ${port}, '${address}')); })`));
  }

  /** Ids of the routes that net-manager has written down. */
  known(): string[] {
    const file = join(this.dir, 'state', 'routes.json');
    const { routes } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as { routes: { id: string }[] } : { routes: [] };
    return routes.map(({ id }) => id);
  }

  /** How many files net-manager has open, pipes and sockets too. */
  openFiles(): number {
    return readdirSync(`/proc/${this.#app?.pid}/fd`).length;
  }

  /** All that the kernel has in the node, and the names of all namespaces made since this machine. */
  async snapshot(): Promise<{ links: string[]; rules: string; netns: string[] }> {
    const links = JSON.parse(await this.sh(this.node, 'ip -j link show')) as { ifname: string }[];
    const rules = await this.sh(this.node, 'nft list ruleset');
    return { links: links.map(({ ifname }) => ifname).toSorted(), rules, netns: this.#netnsOfInstances() };
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([...this.#children].map((child) => endChild(child, 'SIGKILL')));
    // wireguard-go would keep the namespace; it ends with its link.
    if (existsSync(`/run/netns/${this.node}`)) await this.sh(this.node, "for link in $(ip -br link show | grep -o '^oakwg[a-z0-9]*'); do ip link del $link; done");
    for (const netns of [...this.#netnsOfInstances(), this.node, ...(this.#beside ? [] : [this.outside])]) if (existsSync(`/run/netns/${netns}`)) await this.#sh(`ip netns del ${netns}`);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #netnsOfInstances(): string[] {
    return readdirSync('/run/netns').filter((name) => name.startsWith(`oak-${this.#tag}`)).toSorted();
  }

  #spawn(netns: string, command: readonly string[], env: Record<string, string | undefined>): ChildProcess {
    const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...command], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async #sh(command: string, netns?: string): Promise<string> {
    const shell = ['/bin/sh', '-c', command];
    return (await (netns === undefined ? exec('/bin/sh', shell.slice(1)) : exec('nsenter', [`--net=/run/netns/${netns}`, ...shell]))).stdout;
  }
}

export interface Talker {
  say(text: string): Promise<string>;
  /** Says something that breaks the connection: `ended`. */
  ends(text: string): Promise<string>;
}

function talkerOf(child: ChildProcess): Talker {
  return {
    say: async (text) => {
      const answer = once(child.stdout ?? child, 'data', { signal: AbortSignal.timeout(5000) });
      child.stdin?.write(text);
      return String((await answer)[0]);
    },
    ends: async (text) => {
      const end = once(child, 'exit', { signal: AbortSignal.timeout(5000) });
      child.stdin?.write(text);
      return end.then(() => 'ended');
    },
  };
}

/** Resolves when it says ready; rejects when the process ends first. */
async function untilReady(client: NetClient, child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.resume();
    child.once('exit', (code) => { reject(new Error(`net-manager ended with ${code}`)); });
    const stop = client.watch(({ ready }) => { if (ready) { stop(); resolve(); } });
  });
}

function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => { resolve(); });
    child.kill(signal);
  });
}
