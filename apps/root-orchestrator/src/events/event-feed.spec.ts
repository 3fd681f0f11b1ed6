import { expect, test } from 'vitest';
import type { InstanceRecord } from '../instances/instance-record.ts';
import { EventFeed } from './event-feed.ts';

const record = (serviceId: string): InstanceRecord => ({
  serviceId, applicationId: 'app', number: 0, version: 1, desired: 'run', status: 'RUNNING', detail: '', attempt: 0, refusals: [], createdAtMs: 0, changedAtMs: 0,
});
const owned = { owner: 'u', organisation: 'o' };
const mayHear = (): boolean => true;
const feed = (): EventFeed => new EventFeed({ clock: { now: () => 7, monotonic: () => 0, after: () => () => undefined }, epoch: 3 });
const idOf = (frame: string | undefined): string => /^id: (\S+)/.exec(frame ?? '')?.[1] ?? '';

test('who watches a service hears of its instances, their removal included, and of no others', () => {
  const events = feed();
  const heard: string[] = [];
  const unwatch = events.watch({ serviceId: 'mine', mayHear, send: (frame) => heard.push(frame) });
  events.instanceChanged('i1', record('mine'), owned);
  events.instanceChanged('i2', record('other'), owned);
  events.instanceRemoved('i1', record('mine'), owned);
  unwatch();
  events.instanceChanged('i1', record('mine'), owned);
  expect(heard).toHaveLength(2);
  expect(heard[1]).toContain('"removed":true');
});

test('after Last-Event-ID comes what was missed, once', () => {
  const events = feed();
  const first: string[] = [];
  events.watch({ mayHear, send: (frame) => first.push(frame) });
  for (const id of ['a', 'b', 'c']) events.instanceChanged(id, record('mine'), owned);
  const resumed: string[] = [];
  events.watch({ mayHear, send: (frame) => resumed.push(frame) }, { after: idOf(first[0]) });
  expect(resumed).toEqual(first.slice(1));
});

test('who watches nodes hears which one an operator closed, and nothing else', () => {
  const events = feed();
  const heard: string[] = [];
  events.watch({ type: 'node', mayHear, send: (frame) => heard.push(frame) });
  const total = { vcpus: 1, memoryMiB: 1, storageMiB: 0, vgpus: 0 };
  const description = { hostname: 'h', arch: 'amd64', kernel: 'k', version: 'v', total, csiDrivers: [], addons: [], labels: {} };
  events.instanceChanged('i1', record('mine'), owned);
  events.nodeCordoned('c1', { name: 'n1', state: 'active', cordoned: true, description, runtimes: [], free: total, instances: 0, subnets: [] });
  expect(heard).toEqual(['id: 3-2\nevent: node\ndata: {"cluster":"c1","name":"n1","state":"active","cordoned":true,"at":7}\n\n']);
});

test('an id that is not known any more means: list again', () => {
  const events = feed();
  const heard: string[] = [];
  events.watch({ mayHear, send: (frame) => heard.push(frame) }, { after: '2-99' });
  expect(heard).toEqual([expect.stringMatching(/^event: resync/)]);
});

test('nobody hears of what is not his, neither now nor of the past, and `last` counts only what he may hear', () => {
  const events = feed();
  const watcher = (owner: string, heard: string[]) => ({ mayHear: ({ owned: about }: { owned?: { owner: string } | undefined }) => about?.owner === owner, send: (frame: string) => { heard.push(frame); } });
  const [ann, bob]: [string[], string[]] = [[], []];
  events.watch(watcher('ann', ann));
  for (const owner of ['ann', 'bob', 'ann', 'bob']) events.instanceChanged('i', record(owner), { owner, organisation: 'o' });
  events.watch(watcher('bob', bob), { last: 1 });
  expect(ann).toHaveLength(2);
  expect(bob.map(idOf)).toEqual(['3-4']);
});
