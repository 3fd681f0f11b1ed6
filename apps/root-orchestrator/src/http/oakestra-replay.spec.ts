import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { learnIds, shapeFaults } from '../testing/shape.ts';
import { StandInCluster } from '../testing/stand-in-cluster.ts';
import { TestRoot } from '../testing/test-root.ts';
import { differences, fieldDifferences } from './oakestra-differences.ts';

interface Exchange { seq: number; what: string; as: 'admin' | 'admin refresh' | 'bob' | 'garbage' | null; method: string; path: string; json: boolean; body?: string; status: number; answer: unknown }

/** What an Oakestra 0.4.411 answered to a client, in order. Its clients branch on these. */
const exchanges = JSON.parse(readFileSync(new URL('../testing/oakestra-exchanges.json', import.meta.url), 'utf8')) as Exchange[];
const absentId = '000000000000000000000000';

let root: TestRoot;
let cluster: StandInCluster;
const ids = new Map<string, string>();
const tokens = new Map<string, string>([['garbage', 'abc']]);
beforeAll(async () => {
  root = await TestRoot.open();
  cluster = await StandInCluster.join(root.network, 'cluster1');
});
afterAll(async () => {
  await cluster.leave();
  await root.close();
});

const passwords: Readonly<Record<string, string>> = { pw: 'the first of bob', pw2: 'the second of bob', no: 'not the one of bob', n: 'never taken by bob' };

/** Ours has ids, tokens and passwords of its own. */
function ours(text: string): string {
  return text.replace(/[0-9a-f]{24}/g, (id) => ids.get(id) ?? (id === absentId ? id : 'f'.repeat(24)))
    .replace(/"(password|oldPassword|newPassword)": "([^"]*)"/g, (_, key: string, value: string) => `"${key}": ${JSON.stringify(value === 'Admin' ? root.credentials.password : passwords[value] ?? value)}`);
}

/** What happened on the nodes meanwhile. */
const meanwhile: Readonly<Record<string, () => Promise<void>>> = {
  'poll0 one': async () => { await expect.poll(() => cluster.assigned.size).toBe(5); },
  'poll1 one': async () => {
    cluster.report(cluster.spec('one'), 'RUNNING');
    cluster.report(cluster.spec('once'), 'RUNNING');
    cluster.report(cluster.spec('once'), 'COMPLETED', { exitCode: 0 });
    cluster.report(cluster.spec('crash'), 'DEAD', { exitCode: 3 });
    cluster.report(cluster.spec('noimg'), 'FAILED', { detail: 'no such image' });
    await cluster.handBack(cluster.spec('badnode'), 'no node is named nonode');
    await expect.poll(() => statusOf('noimg')).toBe('FAILED');
    await expect.poll(() => statusOf('badnode')).toMatch(/^Target/);
  },
  'service after undeploy': async () => { await expect.poll(async () => (await root.root.instances.page({ limit: 100 })).filter(({ body }) => body.desired === 'gone').length).toBe(0); },
};

async function statusOf(name: string): Promise<string | undefined> {
  const service = (await root.root.services.list()).find(({ body }) => body.microservice.microservice_name === name);
  return service && (await root.root.instances.of(service.id))[0]?.body.status;
}

/** The status of the microservice that an answer is. */
function says(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'job_name' in answer && 'status' in answer ? answer.status : undefined;
}

function remember({ what, as }: Exchange, answer: unknown): void {
  const { token, refresh_token: refresh } = (answer ?? {}) as { token?: string; refresh_token?: string };
  if (as !== null || token === undefined || refresh === undefined) return;
  if (what === 'login ok') { tokens.set('admin', token); tokens.set('admin refresh', refresh); }
  if (what === 'login bob') tokens.set('bob', token);
}

test.each(exchanges)('$seq $what: $method $path', async (exchange) => {
  const { seq, what, as, method, path, json, body, status, answer } = exchange;
  await meanwhile[what]?.();
  const token = as === null ? undefined : tokens.get(as);
  const got = await root.ask(method, ours(path), { token, ...(body !== undefined && { body: ours(body) }), headers: json ? {} : { 'content-type': 'text/plain' } });
  remember(exchange, got.body);
  learnIds(answer, got.body, ids);
  const difference = differences[seq];
  expect(got.status, got.text.slice(0, 400)).toBe(difference?.status ?? status);
  expect(says(got.body)).toBe(difference?.says ?? says(answer));
  if (difference?.body !== undefined || got.status >= 400) return;
  const isField = (fault: string): boolean => fieldDifferences.some(({ field }) => field.test(fault));
  expect(shapeFaults(answer, got.body).filter((fault) => !isField(fault.path)), got.text.slice(0, 600)).toEqual([]);
});

test('a difference is a difference, and has its reason', () => {
  const bySeq = new Map(exchanges.map((one) => [one.seq, one]));
  for (const [seq, { status, body, says: said, reason }] of Object.entries(differences)) {
    const recorded = bySeq.get(Number(seq));
    expect([seq, body ?? false, status ?? recorded?.status, said], reason).not.toEqual([seq, false, recorded?.status, says(recorded?.answer)]);
    expect(reason).not.toBe('');
  }
});

test('an answer that is an error names its code, as a number and in words', async () => {
  const { body } = await root.ask('GET', `/api/application/${absentId}`, { token: tokens.get('admin') });
  expect(body).toMatchObject({ code: 404, status: 404, title: 'Not found', detail: expect.any(String) as string, message: expect.any(String) as string, msg: expect.any(String) as string });
});
