import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeStatus } from '@oak/contracts';
import { FakeClock, seededRandom } from '@oak/reconcile/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startFingerprint } from './fingerprint-loop.ts';

const hourMs = 3_600_000;

function started({ healthy = true } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'oak-fingerprint-'));
  onTestFinished(() => { rmSync(dir, { recursive: true, force: true }); });
  const file = join(dir, 'config.toml');
  writeFileSync(file, '');
  const seen = { refreshes: [] as string[], checks: 0, healthy };
  const clock = new FakeClock();
  const stop = startFingerprint({
    catalogue: {
      refresh: (because) => { seen.refreshes.push(because); return Promise.resolve(); },
      checkPrograms: () => { seen.checks++; return Promise.resolve(); },
      statuses: () => [{ healthy: seen.healthy } as RuntimeStatus],
    },
    files: () => [file], clock, random: seededRandom(1), periodMs: hourMs, log: () => undefined,
  });
  onTestFinished(stop);
  return { dir, file, seen, clock, stop };
}

test('on the period everything is probed again, and programs are looked for every few seconds', async () => {
  const { seen, clock, stop } = started();
  await clock.advance(hourMs - 1);
  expect(seen.refreshes).toEqual([]);
  expect(seen.checks).toBeGreaterThanOrEqual(hourMs / 10_000);
  await clock.advance(1);
  await clock.advance(hourMs);
  expect(seen.refreshes).toEqual(['period', 'period']);
  await stop();
  expect(clock.waiting).toBe(0);
});

test('while nothing works at all, it looks again soon', async () => {
  const { seen, clock } = started({ healthy: false });
  await clock.advance(10_000);
  expect(seen.refreshes).toHaveLength(1);
  seen.healthy = true;
  await clock.advance(10_000);
  expect(seen.refreshes).toHaveLength(2);
  await clock.advance(60_000);
  expect(seen.refreshes).toHaveLength(2);
});

test('a configuration that is written, or replaced as editors do, is read again once it has settled', async () => {
  const { dir, file, seen, clock } = started();
  const heard = async (count: number) => {
    await vi.waitFor(async () => {
      await clock.advance(200);
      expect(seen.refreshes).toHaveLength(count);
    }, { timeout: 5_000, interval: 20 });
    expect(seen.refreshes.at(-1)).toBe('configuration changed');
  };
  writeFileSync(file, '# changed');
  await heard(1);
  writeFileSync(join(dir, 'new'), '# replaced');
  renameSync(join(dir, 'new'), file);
  await heard(2);
});

test('SIGHUP', async () => {
  const { seen, clock } = started();
  process.emit('SIGHUP');
  await clock.advance(200);
  expect(seen.refreshes).toEqual(['SIGHUP']);
});
