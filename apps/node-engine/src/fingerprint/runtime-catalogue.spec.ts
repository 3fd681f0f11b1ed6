import { FakeClock } from '@oak/reconcile/testing';
import { FakeRuntime } from '@oak/runtime/testing';
import type { Handler, ProbeResult, Route } from '@oak/runtime-containerd';
import { expect, test } from 'vitest';
import { RuntimeCatalogue } from './runtime-catalogue.ts';

const handler = (name: string, isDefault = false): Handler => ({ name, runtimeType: `io.containerd.${name}.v1`, binaryName: undefined, configPath: undefined, typeUrl: undefined, runtimePath: undefined, isDefault });
const route = (label: string, requires: readonly string[]): Route => ({ runtimeType: label, options: undefined, label, requires, binary: requires.at(-1), sandboxed: false });

/** runsc has two routes, as in life; the others one. What is on the disk and what works is the test's. */
function machine() {
  const state = {
    handlers: [handler('runc', true), handler('runsc')], programs: new Set(['shim-runc', 'runc', 'runsc']), broken: new Map<string, string>(), versions: new Map<string, string>(),
    thrown: new Map<string, Error>(), said: [] as string[], probes: [] as string[], running: 0, most: 0, changes: 0,
  };
  const clock = new FakeClock();
  const routes = ({ name }: Handler): Route[] => (name === 'runsc' ? [route('own', ['shim-runsc', 'runsc']), route('below', ['shim-runc', 'runsc'])] : [route(name, [`shim-${name}`, name])]);
  const probe = async ({ label }: Route, signal: AbortSignal): Promise<ProbeResult> => {
    state.probes.push(label);
    state.most = Math.max(state.most, ++state.running);
    await new Promise((resolve) => { setImmediate(resolve); });
    state.running--;
    signal.throwIfAborted();
    const thrown = state.thrown.get(label);
    if (thrown) throw thrown;
    const reason = state.broken.get(label);
    return reason === undefined ? { ok: true, ms: 7 } : { ok: false, reason, ms: 7 };
  };
  const catalogue = new RuntimeCatalogue({
    detect: () => ({ handlers: state.handlers, problems: [], files: [] }), routes, probe, find: (program) => (state.programs.has(program) ? `/bin/${program}` : undefined),
    runtimeFor: (virtualization, _route, version) => new FakeRuntime({ clock, virtualization, version }), versionOf: (path) => Promise.resolve(state.versions.get(path)), clock, onChange: () => { state.changes++; }, log: (text) => { state.said.push(text); },
  });
  return { state, catalogue };
}

const health = (catalogue: Pick<RuntimeCatalogue, 'statuses'>) => Object.fromEntries(catalogue.statuses().map(({ virtualization, healthy, reason }) => [virtualization, healthy ? 'works' : reason]));

test('probed runtimes are offered; docker and container mean the default one', async () => {
  const { state, catalogue } = machine();
  await catalogue.refresh('start');
  expect(health(catalogue)).toEqual({ runc: 'works', runsc: 'works' });
  expect(state.probes.sort()).toEqual(['below', 'runc']);
  for (const name of ['docker', 'container', 'runc']) expect(catalogue.resolve(name)).toMatchObject({ virtualization: 'runc' });
  expect(catalogue.statuses().map(({ isDefault }) => isDefault ?? false)).toEqual([true, false]);
  expect(catalogue.resolve('kata')).toEqual({ problem: 'this node has no runtime kata; it has: runc, runsc' });
  expect(state.changes).toBe(1);
  await catalogue.refresh('period');
  expect(state.changes).toBe(1);
});

test('what fails its probe is refused with every reason, and never replaced by another runtime', async () => {
  const { state, catalogue } = machine();
  state.programs.add('shim-runsc');
  state.broken.set('own', 'exit 128').set('below', 'no ptrace');
  await catalogue.refresh('start');
  expect(catalogue.resolve('runsc')).toEqual({ problem: 'runtime runsc does not work on this node: own: exit 128; below: no ptrace' });
  expect(catalogue.all().map(({ virtualization }) => virtualization)).toEqual(['runc', 'runsc']);
});

test('a vanished program makes its runtime unavailable without a probe; back again, it is probed', async () => {
  const { state, catalogue } = machine();
  await catalogue.refresh('start');
  const runtime = catalogue.resolve('runsc');
  state.probes.length = 0;
  state.programs.delete('runsc');
  await catalogue.checkPrograms();
  expect(health(catalogue)).toEqual({ runc: 'works', runsc: "program missing: runsc not found on containerd's PATH" });
  expect([state.probes, state.changes]).toEqual([[], 2]);
  await catalogue.checkPrograms();
  expect([state.probes, state.changes]).toEqual([[], 2]);
  state.programs.add('runsc');
  await catalogue.checkPrograms();
  expect(health(catalogue)).toEqual({ runc: 'works', runsc: 'works' });
  expect(catalogue.resolve('runsc')).toBe(runtime);
});

test('when the programs of one route vanish, the other route takes over', async () => {
  const { state, catalogue } = machine();
  state.programs.add('shim-runsc');
  await catalogue.refresh('start');
  state.programs.delete('shim-runsc');
  state.probes.length = 0;
  await catalogue.checkPrograms();
  expect(health(catalogue)['runsc']).toBe('works');
  expect(state.probes).toContain('below');
});

test('the version is the binary\'s; a new one is a change, and takes no other runtime along', async () => {
  const { state, catalogue } = machine();
  state.versions.set('/bin/runc', '1.1.5');
  await catalogue.refresh('start');
  expect(catalogue.statuses().map(({ virtualization, version }) => [virtualization, version])).toEqual([['runc', '1.1.5'], ['runsc', undefined]]);
  const [runc, runsc] = [catalogue.resolve('runc'), catalogue.resolve('runsc')];
  await catalogue.refresh('period');
  expect([catalogue.resolve('runc'), catalogue.resolve('runsc'), state.changes]).toEqual([runc, runsc, 1]);
  expect(catalogue.resolve('runc')).toBe(runc);
  state.versions.set('/bin/runc', '1.2.0');
  await catalogue.refresh('SIGHUP');
  expect(catalogue.statuses()[0]?.version).toBe('1.2.0');
  expect(catalogue.resolve('runsc')).toBe(runsc);
  expect(state.changes).toBe(2);
});

test('a handler that leaves the configuration takes nothing more, but what runs in it can still be stopped', async () => {
  const { state, catalogue } = machine();
  await catalogue.refresh('start');
  state.handlers = [handler('runc', true)];
  await catalogue.refresh('configuration changed');
  expect(catalogue.resolve('runsc')).toEqual({ problem: "runtime runsc does not work on this node: it is no longer in containerd's configuration" });
  expect(catalogue.all()).toHaveLength(2);
});

test('at most two probes run at once, whatever is asked meanwhile', async () => {
  const { state, catalogue } = machine();
  state.handlers = ['runc', 'a', 'b', 'c', 'd'].map((name) => handler(name, name === 'runc'));
  for (const name of ['a', 'b', 'c', 'd']) state.programs.add(name).add(`shim-${name}`);
  await Promise.all([catalogue.refresh('start'), catalogue.refresh('SIGHUP')]);
  expect(state.most).toBe(2);
  expect(state.probes).toHaveLength(10);
});

test('names that no descriptor can mean are left out and said; the others stay', async () => {
  const { state, catalogue } = machine();
  state.handlers = [handler('runc', true), handler('docker'), handler('my runtime')];
  await catalogue.refresh('start');
  expect(catalogue.statuses().map(({ virtualization }) => virtualization)).toEqual(['runc']);
  expect(state.said.filter((text) => text.includes('left out'))).toEqual([expect.stringContaining('"docker"'), expect.stringContaining('"my runtime"')]);
});

test('a probe that breaks is a reason; one that is no longer wanted changes nothing', async () => {
  const { state, catalogue } = machine();
  state.thrown.set('below', new Error('no space left'));
  await catalogue.refresh('start');
  expect(health(catalogue)).toEqual({ runc: 'works', runsc: expect.stringContaining('below: Error: no space left') as string });
  const stopped = new AbortController();
  state.thrown.clear();
  const refreshing = catalogue.refresh('period', stopped.signal);
  stopped.abort(new Error('stopped'));
  await expect(refreshing).rejects.toThrow('stopped');
  expect(catalogue.resolve('runsc')).toHaveProperty('problem');
  await catalogue.refresh('period');
  expect(health(catalogue)).toEqual({ runc: 'works', runsc: 'works' });
});
