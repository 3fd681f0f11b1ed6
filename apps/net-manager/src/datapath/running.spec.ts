import { expect, test } from 'vitest';
import { batched } from './batched.ts';
import { limited } from './limited.ts';
import { requirePrograms, run, type Run } from './run.ts';
import { Absent, batch, batchRemove, inNetns, json, ToolError } from './tools.ts';

const said = (stderr: string, code = 1): Run => () => Promise.resolve({ code, stdout: '', stderr });

test('a program gets its input and gives output and code', async () => {
  expect(await run('/bin/sh', ['-c', 'cat; echo no >&2; exit 3'], 'hello')).toEqual({ code: 3, stdout: 'hello', stderr: 'no\n' });
  await expect(run('/bin/sh', ['-c', 'kill -9 $$'])).rejects.toThrow('ended by SIGKILL');
  expect(await run('/bin/true', [], 'x'.repeat(1_000_000))).toMatchObject({ code: 0 });
});

test('a missing program is named with its package', () => {
  expect(() => { requirePrograms('/nowhere'); }).toThrow('ip is not installed or not in PATH (Debian package iproute2)');
  expect(() => { requirePrograms(); }).not.toThrow();
});

test('a refusal says which line', async () => {
  await expect(batch(said('RTNETLINK answers: File exists\nCommand failed -:2\n'), 'ip', ['link add a', 'link add b'])).rejects.toThrow('ip: RTNETLINK answers: File exists; Command failed -:2 (link add b)');
  await expect(batch(said(''), 'ip', ['x'])).rejects.toBeInstanceOf(ToolError);
  await batch(said('never asked'), 'ip', []);
});

test('removing what is absent is success, another refusal is not', async () => {
  await batchRemove(said('Cannot find device "oakv1"\nCommand failed -:1\nRTNETLINK answers: No such device\nCommand failed -:2\nCannot remove namespace file "/run/netns/oak-1": No such file or directory\nCommand failed -:3\n'), 'ip', ['x']);
  await expect(batchRemove(said('Cannot find device "oakv1"\nRTNETLINK answers: Operation not permitted\n'), 'ip', ['x'])).rejects.toThrow('ip: RTNETLINK answers: Operation not permitted');
});

test('an absent table is undefined, a failed listing throws', async () => {
  expect(await json(said('Error: No such file or directory\nlist table inet oakestra'), 'nft', ['list'])).toBeUndefined();
  await expect(json(said('Operation not permitted'), 'nft', ['list'])).rejects.toThrow('nft: Operation not permitted');
});

test.each(['nsenter: cannot open /run/netns/oak-1: No such file or directory', 'nsenter: reassociate to namespace failed: Invalid argument', 'Cannot find device "eth0"'])(
  'a namespace that lacks something is told from other failures: %s', async (stderr) => {
    await expect(inNetns(said(stderr), '/run/netns/oak-1', 'true', [])).rejects.toBeInstanceOf(Absent);
    await expect(inNetns(said('Operation not permitted'), '/run/netns/oak-1', 'true', [])).rejects.not.toBeInstanceOf(Absent);
  });

test('no more programs run at once than allowed, and a failure gives its place back', async () => {
  let [running, most] = [0, 0];
  const counting: Run = async (program) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => { setImmediate(resolve); });
    running -= 1;
    if (program === 'bad') throw new Error('bad');
    return { code: 0, stdout: program, stderr: '' };
  };
  const few = limited(counting, 3);
  const outputs = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => few(i % 2 ? 'bad' : String(i), [])));
  expect(outputs.map((output) => (output.status === 'fulfilled' ? output.value.stdout : 'bad'))).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 'bad' : String(i))));
  expect([running, most]).toEqual([0, 3]);
});

test('what comes during a run goes together into the next; a failure is everybody\'s of that run only', async () => {
  const runs: number[][] = [];
  const add = batched<number>(async (items) => {
    runs.push([...items]);
    await new Promise((resolve) => { setImmediate(resolve); });
    if (items.includes(3)) throw new Error('three');
  });
  const results = await Promise.allSettled([add(1), add(2), add(3)]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await add(4);
  expect(runs).toEqual([[1], [2, 3], [4]]);
});
