import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startLab } from './start-lab.ts';
import { takeDown } from './take-down.ts';
import { machineState, nothingLeft } from './testing/machine-state.ts';
import { appNames, type LabOptions } from './topology.ts';

/** Far more than needed: other work on the machine must not decide. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const standIn = fileURLToPath(new URL('./testing/stand-in-app-main.ts', import.meta.url));
let apps: string;
let dir: string;

beforeAll(async () => {
  [apps, dir] = [await mkdtemp(join(tmpdir(), 'oak-apps-')), await mkdtemp(join(tmpdir(), 'oak-lab-'))];
  for (const app of appNames) {
    await mkdir(join(apps, app, 'dist'), { recursive: true });
    await writeFile(join(apps, app, 'dist/main.js'), `import ${JSON.stringify(standIn)};\n`);
  }
});
afterAll(async () => {
  await takeDown(dir);
  await rm(apps, { recursive: true, force: true });
});

const withLab = async (options: LabOptions, check: (lab: Awaited<ReturnType<typeof startLab>>) => Promise<void>) => {
  const lab = await startLab({ dir, apps, ...options });
  try {
    await check(lab);
  } finally {
    await lab.down();
  }
  expect(await machineState(dir)).toEqual(nothingLeft);
};
const cli = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], { reject: false });
  return { exitCode, stdout, stderr };
};

describe('startLab', () => {
  it('starts two clusters of two nodes, each tier told where the one above it is', async () => {
    await withLab({ clusters: 2, nodes: 2, node: (name) => (name === 'c2n1' ? { runtimes: ['runc'] } : {}) }, async (lab) => {
      const { nodes } = (await (await fetch(`${lab.restUrl}/api/nodes?limit=500`)).json()) as { nodes: { name: string }[] };
      expect(nodes.map(({ name }) => name).sort()).toEqual(['c1n1', 'c1n2', 'c2n1', 'c2n2']);
      expect(await lab.credentials()).toEqual({ username: 'admin', password: 'sesame' });
      expect((await stat(join(lab.dir, 'c1n1/node.creds'))).mode & 0o777).toBe(0o600);
      expect((await stat(join(lab.dir, 'lab.json'))).mode & 0o777).toBe(0o600);
      expect((await lab.exec('c2n1', ['busybox', 'wget', '-q', '-O', '-', 'http://10.200.0.2:5000/v2/'])).stdout).toBe('{}');
      expect(lab.host('c2n1').programs.map(({ name }) => name)).toEqual(['containerd', 'net-manager', 'node-engine']);
    });
  });

  it('leaves apps out that were not wanted, and the registry', async () => {
    await withLab({ without: ['root-orchestrator', 'node-engine'], registry: false }, async (lab) => {
      const programs = lab.record.hosts.flatMap((host) => host.programs.map(({ name }) => `${host.name} ${name}`));
      expect(programs).toEqual(['root forwarder', 'c1 cluster-orchestrator', 'c1n1 containerd', 'c1n1 net-manager']);
      await expect(fetch(`${lab.restUrl}/readyz`)).rejects.toThrow();
    });
  });

  it('takes all of it down when an app does not start, and says what the app said', async () => {
    const start = startLab({ dir, apps, registry: false, env: { 'cluster-orchestrator': { OAK_ROOT_CREDENTIALS: '/etc/hostname' } } });
    await expect(start).rejects.toThrow(/cluster-orchestrator on c1 is not ready[^]*credentials are/);
    expect(await machineState(dir)).toEqual(nothingLeft);
  });

  it('says which app is not built', async () => {
    await expect(startLab({ dir, apps: '/nowhere' })).rejects.toThrow('/nowhere/root-orchestrator/dist/main.js is missing: run `npm run build`');
  });
});

describe('the command line', () => {
  it('shows, enters and ends a lab', async () => {
    await withLab({ registry: false }, async (lab) => {
      const { stdout } = await cli('status', '--json', '--dir', dir);
      expect(JSON.parse(stdout)).toMatchObject({ ...lab.record, alive: true, hosts: lab.record.hosts.map((host) => ({ name: host.name, alive: true })) });
      expect((await cli('status', '--dir', dir)).stdout).toMatch(/c1n1 +10\.200\.1\.2 +containerd \d+, net-manager \d+, node-engine \d+/);
      expect(await cli('exec', '--dir', dir, 'c1n1', 'sh', '-c', 'hostname; exit 3')).toMatchObject({ exitCode: 3, stdout: 'c1n1' });
      expect((await cli('logs', '--dir', dir, 'c1n1')).stdout).toMatch(/^c1n1 containerd: /m);
      expect(await cli('down', '--dir', dir)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect(await machineState(dir)).toEqual(nothingLeft);
    });
  });

  it('ends a lab that it started with Ctrl-C, and a start in the middle too', async () => {
    for (const moment of ['up', 'starting'] as const) {
      const up = execa(process.execPath, [main, 'up', '--dir', dir, '--apps', apps], { reject: false });
      let said = '';
      up.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const reached = moment === 'up' ? () => said.includes('Ctrl-C ends it.') : () => existsSync(join(dir, 'logs', 'c1n1-containerd.log'));
      while (!reached()) await pause(10);
      up.kill('SIGINT');
      expect((await up).exitCode).toBe(moment === 'up' ? 0 : 1);
      expect(await machineState(dir)).toEqual(nothingLeft);
      expect(existsSync(dir)).toBe(false);
    }
  });

  it('says in one line what is wrong', async () => {
    expect(await cli('status', '--dir', dir)).toEqual({ exitCode: 1, stdout: '', stderr: `lab: there is no lab in ${dir}` });
    expect((await cli('up', '--clusters', 'two')).stderr).toContain("option '--clusters <number>' argument 'two' is invalid. not a whole number");
  });
});
