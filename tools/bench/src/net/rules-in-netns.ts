import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nodeBlock, routesOf, subnetsOfBlock } from '@oak/addressing';
import { nodeNetwork, nodeRoutes, type Route } from '@oak/contracts';
import { nodePermissions, TrustDomain } from '@oak/identity';
import { connectBus } from '@oak/messaging/client';
import { NatsServer } from '@oak/messaging/testing';
import { StateDir } from '@oak/process';
import { ChainedBook } from '@oak/reconcile';
import { median } from '../result.ts';

/** What one number of services costs; times in ms. */
export interface RulesFigures {
  readonly services: number;
  readonly loadMs: number;
  /** The same rules by `nft -f` from a file. */
  readonly nftLoadMs: number;
  readonly replacedMs: number;
  readonly grownMs: number;
  readonly newMs: number;
  /** One element by `nft -f`. */
  readonly nftElementMs: number;
  readonly rssMiB: number;
}

const main = fileURLToPath(new URL('../../../../apps/net-manager/dist/main.js', import.meta.url));
const [cluster, node] = ['bench', 'n1'];
const changes = 40;
const hex = (n: number, letter: string): string => `${letter}${n.toString(16).padStart(23, '0')}`;
const fourth = (from: number, n: number): string => `10.${from + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;

/** Number `n` of services in both families; `at` moves its first instance elsewhere. */
function service(n: number, instances = 3, at = 0): Route {
  return {
    kind: 'service', id: hex(n, 'b'), name: `app.bench.s${n}.bench`, applicationId: hex(n % 200, 'a'), organisation: 'bench', policy: 'isolated', affinity: 'none',
    addresses: { roundRobin: { ipv4: fourth(30, n), ipv6: `fdff:2000::${n.toString(16)}` } },
    backends: Array.from({ length: instances }, (_, i) => {
      const one = 4 * n + i + (i === 0 ? at : 0);
      return { id: hex(one, 'c'), instanceNumber: i, ipv4: fourth(31, one), ipv6: `fdff::${one.toString(16)}`, namespaceIpv4: fourth(19, one), namespaceIpv6: `fc00::${(one + 512).toString(16)}`, cluster, node: 'n2' };
    }),
  };
}

/** Runs in a network namespace of its own: net-manager, its bus, and this program as the cluster. */
async function figures(services: number, dir: string): Promise<RulesFigures> {
  const server = await NatsServer.start();
  const bus = await connectBus({ servers: server.url, name: 'cluster', inboxPrefix: `_INBOX.cluster.${cluster}`, log: { log: () => undefined, warn: console.error, error: console.error } });
  const book = new ChainedBook<Route>({ epoch: 1, defer: queueMicrotask, send: (to, message) => { bus.publish(nodeRoutes, routesOf(message), cluster, to); } });
  for (let n = 0; n < services; n += 1) book.set(node, service(n));
  bus.serve(nodeNetwork, [cluster], ({ position }) => {
    const [first, ...rest] = book.complete(node);
    const hasNews = book.differs(node, position);
    if (hasNews) for (const page of rest) bus.publish(nodeRoutes, routesOf(page), cluster, node);
    const subnet = subnetsOfBlock(nodeBlock(0)!)[1]!;
    return { subnets: [subnet], nodeRanges: { v4: ['10.18.0.0/15'], v6: ['fc00::/64'] }, serviceRanges: { v4: ['10.30.0.0/15', '10.32.0.0/16'], v6: ['fdff::/16'] }, ...(hasNews && { routes: routesOf(first) }) };
  });
  const began = performance.now();
  const manager = launch(server.url, dir);
  try {
    await until(() => isThere(`n_${hex(services - 1, 'b')}`) && isThere(`n_${hex(0, 'b')}`));
    const loadMs = performance.now() - began;
    const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${manager.pid}/status`, 'utf8'))?.[1]) / 1024;
    const seen = await Monitor.open();
    try {
      const timed = async (change: (k: number) => readonly [Route, string]) => {
        const all: number[] = [];
        for (let k = 0; k < changes; k += 1) {
          const [route, address] = change(k);
          const from = performance.now();
          const arrival = seen.next(address);
          book.set(node, route);
          all.push(await arrival - from);
        }
        return median(all);
      };
      const [replacedMs, grownMs, newMs] = [
        await timed((k) => [service(k, 3, 40_000), fourth(19, 4 * k + 40_000)]), await timed((k) => [service(50 + k, 4), fourth(19, 4 * (50 + k) + 3)]), await timed((k) => [service(services + k), fourth(19, 4 * (services + k))]),
      ];
      return { services, loadMs, rssMiB, replacedMs, grownMs, newMs, ...byHand(dir) };
    } finally {
      await seen.close();
    }
  } finally {
    manager.kill('SIGTERM');
    await once(manager, 'exit');
    await bus.drain();
    await server.stop();
  }
}

function launch(url: string, dir: string): ChildProcess {
  const credentials = join(dir, 'node.creds');
  writeFileSync(credentials, TrustDomain.open(cluster, new StateDir(join(dir, 'trust'))).issue(`cluster.${cluster}.node.${node}`, nodePermissions(cluster, node)), { mode: 0o600 });
  return spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, OAK_CLUSTER_BUS: url, OAK_CLUSTER_CREDENTIALS: credentials, OAK_NET_SOCKET: join(dir, 'net.sock'), OAK_STATE_DIR: join(dir, 'state'), OAK_ENCRYPTION: 'off', OAK_LOG_LEVEL: 'error' } });
}

/** The same without us, with the rules as they are now. */
function byHand(dir: string): Pick<RulesFigures, 'nftLoadMs' | 'nftElementMs'> {
  const file = join(dir, 'ruleset.nft');
  writeFileSync(file, execFileSync('nft', ['list', 'ruleset'], { maxBuffer: 2 ** 30 }));
  const took = (program: string, args: readonly string[], input?: string): number => {
    const from = performance.now();
    execFileSync(program, args, { input });
    return performance.now() - from;
  };
  const elements = Array.from({ length: changes }, (_, k) => took('nft', ['-f', '-'], `add element inet oakestra one4 { 10.99.0.${k} : 10.19.9.9 }\n`));
  return { nftLoadMs: median([1, 2, 3].map(() => took('unshare', ['--net', 'nft', '-f', file]))), nftElementMs: median(elements) };
}

function isThere(counter: string): boolean {
  try {
    execFileSync('nft', ['list', 'counter', 'inet', 'oakestra', counter], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error('the rules do not come');
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

/** Hears from the kernel itself when an element is there. */
class Monitor {
  readonly #child: ChildProcess;
  #waiting: { readonly text: string; readonly done: (atMs: number) => void } | undefined;

  static async open(): Promise<Monitor> {
    const monitor = new Monitor(spawn('stdbuf', ['-oL', 'nft', 'monitor', 'new', 'elements'], { stdio: ['ignore', 'pipe', 'ignore'] }));
    // It reads all rules before it listens.
    for (let n = 0, heard = false; !heard; n += 1) {
      const answer = Promise.race([monitor.next(`10.98.0.${n}`).then(() => true), new Promise<boolean>((resolve) => { setTimeout(() => { resolve(false); }, 500); })]);
      execFileSync('nft', ['add', 'element', 'inet', 'oakestra', 'one4', `{ 10.98.0.${n} : 10.19.9.9 }`]);
      heard = await answer;
      if (n > 100) throw new Error('nft monitor says nothing');
    }
    return monitor;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface(child.stdout!).on('line', (line) => {
      if (this.#waiting && new RegExp(`\\b${this.#waiting.text.replaceAll('.', '\\.')}\\b`).test(line)) this.#waiting.done(performance.now());
    });
  }

  /** When an element with this address comes. */
  next(text: string): Promise<number> {
    return new Promise((done) => { this.#waiting = { text, done }; });
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

const dir = mkdtempSync(join(tmpdir(), 'oak-bench-rules-'));
try {
  process.stdout.write(`${JSON.stringify(await figures(Number(process.argv[2]), dir))}\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
