import { messages, type Message } from '@oak/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy, install, isRunning, removeService, type Installation } from './installation.ts';
import { badTexts } from './testing/bad-texts.ts';
import { here, messageAt, record, say, speakerOf, subjectOf, type Parcel } from './testing/wire.ts';

let it: Installation;
let service: string;
beforeAll(async () => {
  it = await install({ clusters: 1, nodes: 1 });
  service = await deploy(it.root, {});
  await it.root.until(service, 0, isRunning);
}, 120_000);
afterAll(() => it.down(), 60_000);

const programs = [['root', 'root-orchestrator'], [here.cluster, 'cluster-orchestrator'], [here.node, 'node-engine'], [here.node, 'net-manager']] as const;
const receiver = { root: programs[0], cluster: programs[1] } as const;

const pids = (): number[] => programs.map(([host, name]) => it.lab.host(host).programs.find((one) => one.name === name)?.process.pid ?? 0);

/** What users see, without what moves by itself. */
async function state(): Promise<unknown> {
  const { nodes } = await it.root.call<{ nodes: Record<string, unknown>[] }>('GET', '/api/nodes');
  const [{ last_modified_timestamp: _at, ...cluster } = {}] = await it.root.call<Record<string, unknown>[]>('GET', '/api/clusters');
  const { instance_list: instances, ...rest } = await it.root.service(service);
  return { service: rest, instances: instances.map((one) => ({ ...one, last_modified_timestamp: 0 })), nodes: nodes.map(({ lastSeenAtMs: _seen, ...node }) => node), cluster };
}

/** The programs that were there go on, and what comes next works. */
async function expectUnharmed(act: () => Promise<void>): Promise<void> {
  const before = { pids: pids(), state: await state() };
  await act();
  const another = await deploy(it.root, {});
  await it.root.until(another, 0, isRunning);
  await removeService(it.root, another);
  await expect.poll(state, { timeout: 30_000, interval: 200 }).toEqual(before.state);
  for (const [host, name] of programs) await expect(it.lab.kill(host, name, 'SIGCONT'), `${name} lives`).resolves.toBeUndefined();
  expect(pids()).toEqual(before.pids);
}

/** The lines of the receiver's log about messages that did not parse. */
async function warnings({ to }: Message, subject: string): Promise<string[]> {
  if (to === 'node') return [];
  const [host, name] = receiver[to];
  const log = await it.lab.log(host, name);
  return log.split('\n').filter((line) => line.includes(`${subject}: `) && line.includes('does not parse'));
}

describe('every message, spoilt', () => {
  test.each(messages.map((message) => [message.name, message] as const))('%s: garbage, wrong types, too large', async (_name, message) => {
    const subject = subjectOf(message);
    const { payload } = message.definition;
    const texts = badTexts(payload);
    await expectUnharmed(async () => {
      const speaker = speakerOf(it.lab, message.from);
      expect(await say(it.lab, speaker, texts.map((text) => ({ subject, text })))).toEqual([]);
      // The server hangs up, whether or not its reason is still read.
      expect(await say(it.lab, speaker, [{ subject, text: 'x'.repeat(1_100_000) }])).not.toEqual([]);
    });
    if (message.to === 'node') return;
    const [first = ''] = texts;
    const fault = payload.safeParse(JSON.parse(first)).error?.issues[0];
    await expect.poll(() => warnings(message, subject), { timeout: 10_000 }).not.toEqual([]);
    const lines = await warnings(message, subject);
    const field = (fault?.path ?? []).map(String)[0] ?? 'payload';
    expect(lines[0]).toContain(`that does not parse: ${field}`);
    expect(lines.length).toBeLessThanOrEqual(1 + Math.log10(texts.length + 1));
  }, 60_000);
});

describe('every message that was said, said again', () => {
  /** One of everything that users and restarts cause. */
  async function live(): Promise<void> {
    const { root, lab } = it;
    const passing = await deploy(root, {});
    await root.until(passing, 0, isRunning);
    await removeService(root, passing);
    await root.call('GET', '/api/nodes');
    await root.call('PATCH', `/api/nodes/${here.cluster}/${here.node}`, { cordoned: false });
    for (const [host, name] of [[here.node, 'node-engine'], [here.cluster, 'cluster-orchestrator']] as const) {
      await lab.kill(host, name);
      await lab.start(host, name);
    }
    await root.deploy(service);
    await root.until(service, 1, isRunning);
  }

  test('twice, backwards: nobody is harmed', async () => {
    const { lab } = it;
    const atCluster = await record(lab, speakerOf(lab, 'cluster'), `cluster.${here.cluster}.>`);
    const atRoot = await record(lab, speakerOf(lab, 'root'), `root.cluster.${here.cluster}.>`);
    await live();
    const heard = [...await atCluster(), ...await atRoot()];
    const names = new Set(heard.map(({ subject }) => messageAt(subject)?.name));
    expect([...names]).toEqual(expect.arrayContaining(['nodeRegister', 'nodeReport', 'nodeHeartbeat', 'nodeAssignment', 'clusterRegister', 'clusterReport', 'clusterSummary', 'clusterAssignment']));
    await expectUnharmed(async () => {
      for (const party of ['node', 'cluster', 'root'] as const) {
        const own = heard.filter(({ subject }) => messageAt(subject)?.from === party).toReversed();
        const twice: Parcel[] = own.flatMap((parcel) => [parcel, parcel]);
        expect(await say(lab, speakerOf(lab, party), twice)).toEqual([]);
      }
    });
  }, 180_000);
});
