import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { LogLine, LogOptions } from '@oak/runtime';
import { LineSplitter } from './line-splitter.ts';
import { createLogFiles, parseSegment, segmentPath, type StreamFiles } from './log-files.ts';
import { LogRotation } from './log-rotation.ts';
import { readLog } from './read-log.ts';
import { planRotation } from './rotation-plan.ts';

vi.setConfig({ testTimeout: 30_000 });

const never = new AbortController().signal;
const id = 'a'.repeat(24);
const blocks = (count: number) => count * 4096;

async function folder(): Promise<{ logDir: string; dir: string; out: string }> {
  const logDir = await mkdtemp(join(tmpdir(), 'oak-logs-'));
  onTestFinished(() => rm(logDir, { recursive: true, force: true }));
  const dir = join(logDir, id);
  return { logDir, dir, out: (await createLogFiles(dir)).stdout };
}

const reading = (dir: string, options: LogOptions = {}, isOver = () => Promise.resolve(true), signal = never) =>
  readLog({ dir, options, signal, isOver, onChange: () => () => undefined });

async function collect(lines: AsyncIterable<LogLine>): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of lines) all.push(text);
  return all;
}

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_one, index) => `line ${from + index}`);
const rotation = (logDir: string, maxBytes: number, segments: number, punch?: () => Promise<boolean>) => {
  const reports: string[] = [];
  return { reports, rotation: new LogRotation({ logDir, maxBytes, segments, report: (message) => reports.push(message) }, ...(punch ? [punch] : [])) };
};

const noSegments: StreamFiles = { live: '/l', size: 0, segments: [] };
const segment = (start: number, end: number, truncated = false) => ({ path: `${start}`, start, end, truncated });
test.each<[string, StreamFiles, { move: { start: number; end: number } | undefined; drop: number[] }]>([
  ['nothing written', noSegments, { move: undefined, drop: [] }],
  ['less than the limit', { ...noSegments, size: blocks(3) }, { move: undefined, drop: [] }],
  ['only whole blocks move', { ...noSegments, size: blocks(4) + 17 }, { move: { start: 0, end: blocks(4) }, drop: [] }],
  ['holes do not count', { ...noSegments, size: blocks(7), segments: [segment(0, blocks(4))] }, { move: undefined, drop: [] }],
  ['the oldest goes', { ...noSegments, size: blocks(12), segments: [segment(0, blocks(4)), segment(blocks(4), blocks(8))] }, { move: { start: blocks(8), end: blocks(12) }, drop: [0] }],
  ['a segment is no larger than the limit', { ...noSegments, size: blocks(7) }, { move: { start: 0, end: blocks(4) }, drop: [] }],
  ['what would be dropped at once is skipped', { ...noSegments, size: blocks(30), segments: [segment(0, blocks(4))] }, { move: { start: blocks(22), end: blocks(26) }, drop: [] }],
  ['an emptied file counts from the end of its segment', { ...noSegments, size: blocks(4), segments: [segment(0, 5000, true)] }, { move: { start: 5000, end: 5000 + blocks(4) }, drop: [] }],
])('plan: %s', (_case, files, { move, drop }) => {
  const plan = planRotation(files, { maxBytes: blocks(4), segments: 2 });
  expect(plan.move).toEqual(move);
  expect(plan.drop.map(({ start }) => start)).toEqual(drop);
});

test('names of segments are read back', () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.boolean(), fc.constantFrom('stdout' as const, 'stderr' as const), (start, length, truncated, stream) => {
    const path = segmentPath('/d', stream, { start, end: start + length, truncated });
    expect(parseSegment('/d', path.slice(3))).toEqual({ path, stream, start, end: start + length, truncated });
  }));
  expect(parseSegment('/d', 'stdout')).toBeUndefined();
  expect(parseSegment('/d', 'stdout.draft')).toBeUndefined();
});

test('splitting does not depend on where the bytes are cut', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' ').toWellFormed())), fc.integer({ min: 1, max: 7 }), (texts, size) => {
    const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
    const splitter = new LineSplitter();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...splitter.push(bytes.subarray(at, at + size)));
    expect([...found, ...splitter.flush()]).toEqual(texts);
  }));
});

test('an endless line is told in parts', () => {
  const splitter = new LineSplitter();
  const told = Array.from({ length: 40 }, () => splitter.push(Buffer.alloc(4096, 'x'))).flat();
  expect(told.length).toBeGreaterThan(0);
  expect([...told, ...splitter.flush()].join('')).toHaveLength(40 * 4096);
});

test('tail counts lines from the end, also across segments and without a last newline', async () => {
  const { logDir, dir, out } = await folder();
  await appendFile(out, `${lines(0, 5000).join('\n')}\n`);
  await rotation(logDir, blocks(4), 8).rotation.sweep(never);
  await appendFile(out, `${lines(5000, 5003).join('\n')}\nunfinished`);
  expect(await readdir(dir)).toHaveLength(4);
  expect(await collect(reading(dir, { tail: 0 }))).toEqual([]);
  expect(await collect(reading(dir, { tail: 1 }))).toEqual(['unfinished']);
  expect(await collect(reading(dir, { tail: 3 }))).toEqual(['line 5001', 'line 5002', 'unfinished']);
  for (const tail of [4, 100, 4000, 5004]) expect(await collect(reading(dir, { tail }))).toEqual([...lines(0, 5003), 'unfinished'].slice(-tail));
  expect(await collect(reading(dir, { tail: 99_999 }))).toHaveLength(5004);
  expect(await collect(reading(dir))).toEqual([...lines(0, 5003), 'unfinished']);
});

test('the oldest segments are dropped, and a reader goes on behind the gap', async () => {
  const { logDir, dir, out } = await folder();
  const { rotation: rotate } = rotation(logDir, blocks(4), 2);
  for (let round = 0; round < 6; round++) {
    await appendFile(out, `${lines(round * 2000, (round + 1) * 2000).join('\n')}\n`);
    await rotate.sweep(never);
  }
  expect((await readdir(dir)).filter((name) => name.startsWith('stdout.'))).toHaveLength(2);
  const kept = await collect(reading(dir));
  expect(kept.at(-1)).toBe('line 11999');
  expect(kept.length).toBeLessThan(12_000);
  expect(kept.slice(1)).toEqual(lines(12_000 - kept.length + 1, 12_000));
  const { blocks: used } = await stat(out);
  expect(used * 512).toBeLessThan(blocks(8));
});

function writer(out: string, count: number): { child: ChildProcess; done: Promise<unknown> } {
  const child = spawn('sh', ['-c', `seq -f "line %.0f" 0 ${count - 1} >> "$1"`, 'sh', out]);
  return { child, done: new Promise((resolve) => child.once('exit', resolve)) };
}

test('not a byte is lost when a follower and the rotation run beside a fast writer', async () => {
  const { logDir, dir, out } = await folder();
  const count = 400_000;
  const { rotation: rotate } = rotation(logDir, blocks(16), 10_000);
  const { done } = writer(out, count);
  let over = false;
  const sweeping = (async () => {
    while (!over) {
      await rotate.sweep(never);
      await pause(1);
    }
  })();
  const following = collect(reading(dir, { follow: true }, () => Promise.resolve(over)));
  await done;
  over = true;
  await sweeping;
  const followed = await following;
  expect((await readdir(dir)).length).toBeGreaterThan(4);
  expect(followed).toHaveLength(count);
  expect(followed.every((line, index) => line === `line ${index}`)).toBe(true);
  const again = await collect(reading(dir));
  expect(again).toHaveLength(count);
  expect(again.every((line, index) => line === `line ${index}`)).toBe(true);
});

test('where no hole can be punched the file is emptied, and this is said once', async () => {
  const { logDir, dir, out } = await folder();
  const { rotation: rotate, reports } = rotation(logDir, blocks(4), 5, () => Promise.resolve(false));
  for (let round = 0; round < 3; round++) {
    await appendFile(out, `${lines(round * 2000, (round + 1) * 2000).join('\n')}\n`);
    await rotate.sweep(never);
    expect((await stat(out)).size).toBe(0);
  }
  await appendFile(out, 'last\n');
  expect(await collect(reading(dir))).toEqual([...lines(0, 6000), 'last']);
  expect(reports).toHaveLength(1);
  expect(reports[0]).toContain(out);
});

test('rotation stands a folder that vanishes, and says what else went wrong', async () => {
  const { logDir, dir } = await folder();
  await rm(dir, { recursive: true });
  await rotation(logDir, 1, 1).rotation.sweep(never);
  await rotation(join(logDir, 'nowhere'), 1, 1).rotation.sweep(never);
  await mkdir(join(dir, 'stdout'), { recursive: true });
  await expect(rotation(logDir, 1, 1).rotation.sweep(never)).rejects.toThrow(/stdout|directory/i);
});
