import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Machine, UnikernelDriver } from '../driver.ts';
import { greeting, probeKernel } from './probe-kernel.ts';

export interface ProbeResult { readonly ok: boolean; readonly reason?: string; readonly ms: number }

const probeLabel = 'oakestra/probe';
const memoryMiB = 8;
/** Longer than any probe with its clearing takes. */
const orphanMs = 120_000;
const lookMs = 25;

export const isProbe = ({ labels }: Pick<Machine, 'labels'>): boolean => labels[probeLabel] === 'true';

/** Boots a tiny kernel by this driver, and says whether it spoke and ended as it should. Leaves nothing behind. @throws the signal's reason */
export async function probeDriver(driver: UnikernelDriver, signal: AbortSignal, deadlineMs = 30_000): Promise<ProbeResult> {
  const began = performance.now();
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const fault = await run(driver, bounded).catch((error: unknown) => (bounded.aborted ? `the probe's guest did not end within ${deadlineMs / 1000} s` : error instanceof Error ? error.message : String(error)));
  signal.throwIfAborted();
  return { ok: fault === undefined, ms: Math.round(performance.now() - began), ...(fault !== undefined && { reason: fault.slice(0, 2_000) }) };
}

async function run(driver: UnikernelDriver, signal: AbortSignal): Promise<string | undefined> {
  await sweepProbes(driver, signal);
  const dir = await mkdtemp(join(tmpdir(), 'oakestra-probe-'));
  const id = randomBytes(12).toString('hex');
  try {
    await chmod(dir, 0o755);
    const [kernelPath, logPath] = [join(dir, 'kernel'), join(dir, 'serial')];
    await writeFile(kernelPath, probeKernel(), { mode: 0o644 });
    await writeFile(logPath, '', { mode: 0o600 });
    await driver.start({
      id, name: 'probe', labels: { [probeLabel]: 'true' }, kernel: { kernelPath, command: [], environment: [] }, command: [], environment: [], vcpus: 1, memoryMiB, cpuLimit: 0, network: undefined, logPath,
    }, signal);
    return faultOf(await endOf(driver, id, signal), await readFile(logPath, 'utf8'));
  } finally {
    await driver.remove(id, AbortSignal.timeout(20_000));
    await rm(dir, { recursive: true, force: true });
  }
}

async function endOf(driver: UnikernelDriver, id: string, signal: AbortSignal): Promise<Machine> {
  for (;;) {
    const machine = (await driver.list(signal)).find((one) => one.id === id);
    if (!machine || machine.phase === 'stopped') return machine ?? { id, labels: {}, phase: 'stopped', pid: undefined, startedAtMs: undefined, exit: undefined };
    await pause(lookMs, undefined, { signal });
  }
}

function faultOf({ exit }: Machine, said: string): string | undefined {
  if (!said.includes(greeting)) return `the probe's guest said ${said === '' ? 'nothing' : JSON.stringify(said.slice(0, 200))}`;
  return exit?.code === 0 ? undefined : `the probe's guest ended with ${exit?.code ?? 'no code'}${exit?.detail === undefined ? '' : ` (${exit.detail})`}, expected 0`;
}

/** Probes of a node engine that was killed. Young ones may be somebody's who still lives. */
async function sweepProbes(driver: UnikernelDriver, signal: AbortSignal): Promise<void> {
  for (const machine of await driver.list(signal)) if (isProbe(machine) && Date.now() - (machine.startedAtMs ?? 0) > orphanMs) await driver.remove(machine.id, signal);
}
