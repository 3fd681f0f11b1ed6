import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lab } from './lab.ts';
import { openLab } from './open-lab.ts';
import { isAlive } from './process-identity.ts';
import { labStatus } from './status.ts';
import { takeDown } from './take-down.ts';
import { machineState, nothingLeft } from './testing/machine-state.ts';
import { startStandInLab } from './testing/stand-in-lab.ts';

/** Far more than needed: other work on the machine must not decide. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const makeDir = () => mkdtemp(join(tmpdir(), 'oak-lab-'));
const get = async (url: string) => (await fetch(url, { headers: { connection: 'close' } })).text();

describe('hosts', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startStandInLab(await makeDir());
  });
  afterAll(() => lab.down());

  const ask = (from: string, address: string) => lab.exec(from, ['timeout', '1', 'busybox', 'wget', '-q', '-O', '-', `http://${address}:10000/`]);

  it('reach each other by the wire', async () => {
    expect(await ask('root', '10.200.1.2')).toMatchObject({ exitCode: 0, stdout: 'c1n1' });
    expect(await ask('c1n1', '10.200.0.2')).toMatchObject({ exitCode: 0, stdout: 'root' });
  });

  it('are reached from this machine by the forwarded port alone', async () => {
    expect(await get(lab.restUrl)).toBe('root');
    const direct = await execa('ip', ['route', 'get', '10.200.0.2'], { reject: false });
    expect(direct.stdout).not.toMatch(/p-root|br0/);
  });

  it('have names, processes, mounts and named network namespaces of their own', async () => {
    expect((await lab.exec('c1n1', ['hostname'])).stdout).toBe('c1n1');
    expect((await lab.exec('c1n1', ['ip', 'netns'])).stdout).toContain('inner');
    expect((await lab.exec('root', ['ip', 'netns'])).stdout).toBe('');
    expect((await execa('ip', ['netns'])).stdout).not.toContain('inner');
    expect((await lab.exec('root', ['ls', '/sys/class/net'])).stdout.split('\n').sort()).toEqual(['eth0', 'lo']);
    expect((await lab.exec('root', ['ps', 'ax'])).stdout).not.toContain('100000');
  });

  it('take commands with input, environment and exit code', async () => {
    expect(await lab.exec('root', ['sh', '-c', 'cat; echo $WORD >&2; exit 7'], { input: 'in', env: { WORD: 'err' } })).toEqual({ exitCode: 7, stdout: 'in', stderr: 'err' });
  });

  it('end a command that hangs', async () => {
    await expect(lab.exec('root', ['sh', '-c', 'sleep 99; true'], { timeoutMs: 200 })).rejects.toThrow('sh -c sleep 99; true: no end after 200 ms');
    expect((await lab.exec('root', ['ps', 'ax'])).stdout).not.toContain('sleep 99');
    expect((await lab.exec('root', ['sh', '-c', 'kill -TERM $$'])).exitCode).toBe(143);
  });

  it('hear nothing while the cable is out', async () => {
    await lab.cut('c1n1');
    expect((await ask('root', '10.200.1.2')).exitCode).not.toBe(0);
    await lab.heal('c1n1');
    expect(await ask('root', '10.200.1.2')).toMatchObject({ stdout: 'c1n1' });
  });

  it('restart programs, one at a time and by name', async () => {
    await expect(lab.start('c1n1', 'stand-in')).rejects.toThrow('stand-in on c1n1 runs already');
    await lab.kill('c1n1', 'stand-in');
    expect((await ask('root', '10.200.1.2')).exitCode).not.toBe(0);
    await lab.start('c1n1', 'stand-in');
    expect(await ask('root', '10.200.1.2')).toMatchObject({ stdout: 'c1n1' });
    await expect(lab.kill('c1n1', 'sparrow')).rejects.toThrow('no program sparrow on host c1n1; there are: stand-in');
    await expect(lab.kill('c9', 'sparrow')).rejects.toThrow('no host c9 in this lab; there are: switch, root, c1n1');
  });

  it('come back from a power cut at the same address and the same forwarded port', async () => {
    await lab.powerOff('root');
    await expect(get(lab.restUrl)).rejects.toThrow();
    await lab.powerOn('root');
    expect(await get(lab.restUrl)).toBe('root');
    expect(await ask('c1n1', '10.200.0.2')).toMatchObject({ stdout: 'root' });
  });

  it('keep a connection through the forwarder, in both directions', async () => {
    const socket = connect(Number(new URL(lab.restUrl).port), '127.0.0.1');
    socket.setEncoding('utf8').write('GET / HTTP/1.0\r\n\r\n');
    let heard = '';
    for await (const chunk of socket) heard += String(chunk);
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK[^]*root$/);
  });

  it('are known to whoever opens the lab later', async () => {
    const other = await openLab(lab.dir);
    expect(other.record).toEqual(lab.record);
    const status = await labStatus(lab.dir);
    expect(status?.hosts.map(({ name, alive }) => [name, alive])).toEqual([['switch', true], ['root', true], ['c1n1', true]]);
    expect(await other.log('root', 'stand-in')).toContain('ready');
  });

  it('tell when a program ends at once, with the end of its log', async () => {
    const hopeless = lab.run('root', { name: 'hopeless', argv: ['sh', '-c', 'echo no such luck; sleep 0.2; exit 1'], ready: { kind: 'socket', path: '/nowhere' } });
    await expect(hopeless).rejects.toThrow(/hopeless on root is not ready: it ended[^]*no such luck/);
  });
});

describe('taking down', () => {
  const dirs: string[] = [];
  let child: ChildProcess | undefined;
  const claim = async () => {
    const dir = await makeDir();
    dirs.push(dir);
    return dir;
  };
  afterEach(async () => {
    child?.kill('SIGKILL');
    for (const dir of dirs.splice(0)) await takeDown(dir);
  });

  it('leaves nothing, again and again, and nothing of one lab in another', async () => {
    const [one, two] = await Promise.all([startStandInLab(await claim()), startStandInLab(await claim())]);
    expect([await get(one.restUrl), await get(two.restUrl)]).toEqual(['root', 'root']);
    await one.down();
    await one.down();
    expect(await machineState(one.dir)).toEqual(nothingLeft);
    expect(await get(two.restUrl)).toBe('root');
    await two.down();
    expect(await machineState(two.dir)).toEqual(nothingLeft);
  });

  it('works after a SIGKILL of the tool, which ends nothing', async () => {
    const dir = await claim();
    const main = fileURLToPath(new URL('./testing/lab-main.ts', import.meta.url));
    child = spawn(process.execPath, [main, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child?.stdout?.once('data', resolve));
    child.kill('SIGKILL');
    const lab = await openLab(dir);
    expect(await get(lab.restUrl)).toBe('root');
    const orphans = lab.record.hosts.flatMap(({ programs }) => programs.map((program) => program.process));
    expect(await Promise.all(orphans.map(isAlive))).toEqual(orphans.map(() => true));
    await takeDown(dir);
    expect(await machineState(dir)).toEqual(nothingLeft);
    expect(await labStatus(dir)).toBeUndefined();
  });

  it('works at any moment of a start that was killed', async () => {
    const main = fileURLToPath(new URL('./testing/lab-main.ts', import.meta.url));
    for (const afterMs of [150, 400, 800]) {
      const dir = await claim();
      child = spawn(process.execPath, [main, dir], { stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill('SIGKILL');
      await takeDown(dir);
      expect(await machineState(dir)).toEqual(nothingLeft);
      expect(existsSync(dir)).toBe(false);
    }
  });

  it('ends all that runs even when the record is lost, and deletes no folder that it does not know', async () => {
    const lab = await startStandInLab(await claim());
    await rm(join(lab.dir, 'lab.json'));
    await expect(takeDown(lab.dir)).rejects.toThrow('is not a lab\'s folder: it holds no lab.json; nothing was deleted');
    expect(await machineState(lab.dir)).toEqual(nothingLeft);
    await rm(lab.dir, { recursive: true });
  });

  it('undoes a start that fails', async () => {
    const dir = await claim();
    await writeFile(join(dir, 'precious'), '');
    await expect(startStandInLab(dir)).rejects.toThrow('is not empty');
    await expect(takeDown(dir)).rejects.toThrow('is not a lab\'s folder');
    await rm(join(dir, 'precious'));
  });
});
