import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy, install, isRunning, removeService, type Installation } from './installation.ts';

let it: Installation;
beforeAll(async () => { it = await install({ clusters: 1, nodes: 1 }); }, 120_000);
afterAll(() => it.down(), 60_000);

/** Pid of the workload's first process: the same before and after means that nobody touched it. */
async function pidOf(id: string): Promise<string> {
  const { stdout } = await it.lab.exec('c1n1', ['sh', '-c', `ctr -a ${it.lab.dir}/c1n1/containerd.sock -n oakestra tasks list | grep ${id}`]);
  return stdout.trim().split(/\s+/)[1] ?? '';
}

test.each([
  ['c1n1', 'node-engine'], ['c1n1', 'net-manager'], ['c1n1', 'containerd'], ['c1', 'cluster-orchestrator'], ['root', 'root-orchestrator'],
] as const)('SIGKILL and restart on %s of %s: the workload goes on, the next deploy works', async (host, program) => {
  const { root, lab } = it;
  const service = await deploy(root, {});
  const before = await root.until(service, 0, isRunning);
  const pid = await pidOf(before.id);
  expect(pid).toMatch(/^\d+$/);
  await lab.kill(host, program);
  await lab.start(host, program);
  await root.deploy(service);
  await root.until(service, 1, isRunning, 90_000);
  expect(await pidOf(before.id)).toBe(pid);
  expect(await root.instance(service, 0)).toMatchObject({ status: 'RUNNING', attempt: before.attempt, restarts: 0 });
  await removeService(root, service);
}, 150_000);

test('a node that is switched off and on again runs its workloads again, with nobody asking', async () => {
  const { root, lab } = it;
  const service = await deploy(root, {});
  await root.until(service, 0, isRunning);
  await lab.powerOff('c1n1');
  await lab.powerOn('c1n1');
  await root.until(service, 0, (one) => isRunning(one) && (one.attempt > 0), 120_000);
  await removeService(root, service);
}, 180_000);
