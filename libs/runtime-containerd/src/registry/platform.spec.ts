import { expect, test } from 'vitest';
import { choosePlatform, fitness, platformOf, platformText } from './platform.ts';

const linux = (architecture: string, variant?: string) => ({ os: 'linux', architecture, ...(variant ? { variant } : {}) });

test.each([
  ['x64', undefined, 'linux/amd64'], ['arm64', undefined, 'linux/arm64'], ['arm', undefined, 'linux/arm/v7'], ['arm', 6, 'linux/arm/v6'], ['riscv64', undefined, 'linux/riscv64'],
])('%s (ARM %s) is %s', (arch, version, text) => {
  expect(platformText(platformOf(arch, version))).toBe(text);
});

test.each([
  [linux('amd64'), linux('amd64'), true],
  [linux('amd64'), linux('arm64'), false],
  [linux('amd64'), { os: 'windows', architecture: 'amd64' }, false],
  [linux('arm64'), linux('arm64', 'v8'), true],
  [linux('arm', 'v7'), linux('arm', 'v6'), true],
  [linux('arm', 'v6'), linux('arm', 'v7'), false],
  [linux('arm', 'v7'), linux('arm'), true],
  [linux('arm', 'v6'), linux('arm'), false],
  [linux('amd64'), linux('amd64', 'v2'), true],
])('%o can run %o: %s', (wanted, offered, fits) => {
  expect(fitness(wanted, offered) !== undefined).toBe(fits);
});

test('the newest variant that runs here is chosen', () => {
  const entries = ['v5', 'v7', 'v8', 'v6'].map((variant) => ({ platform: linux('arm', variant) }));
  expect(choosePlatform(entries, linux('arm', 'v7'), 'x').platform.variant).toBe('v7');
});

test('nothing fits: the error lists what there is, without attestations', () => {
  const entries = [{ platform: linux('amd64') }, { platform: linux('arm', 'v7') }, { platform: { os: 'unknown', architecture: 'unknown' } }, {}];
  expect(() => choosePlatform(entries, linux('arm64'), 'docker.io/library/x:1')).toThrow('image docker.io/library/x:1: no linux/arm64 in this index, it has: linux/amd64, linux/arm/v7');
});
