import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BadReply, BusClosed, InvalidMessage, NoAnswer, NobodyThere, Rejected } from '../bus-error.ts';
import type { Bus, BusLog, MessageContext } from '../bus.ts';
import type { EventDefinition, RequestDefinition } from '../message.ts';

/** A network of its own for one test. Its largest payload is 1 MiB. `interrupt` breaks the connections of all buses, and mends them. */
export interface BusPlace {
  connect(name: string): Promise<Bus>;
  interrupt(): Promise<void>;
  close(): Promise<void>;
}

interface Report { n: number; text?: string }
const isReport = { parse: (input: unknown): Report => { const { n } = input as Partial<Report>; if (typeof n !== 'number') throw new Error('n: required'); return input as Report; } };
const report: EventDefinition<Report> = { subject: 'cluster.*.node.*.report', payload: isReport };
const loose: EventDefinition<unknown> = { ...report, payload: { parse: (input) => input } };
const double: RequestDefinition<Report, Report> = { subject: 'cluster.*.double', payload: isReport, reply: isReport };

/** What every bus promises. `makePlace` gets the log to give to its buses. */
export function busConformance(name: string, makePlace: (log: BusLog) => Promise<BusPlace>): void {
  describe(`bus port: ${name}`, () => {
    let place: BusPlace;
    let alice: Bus;
    let bob: Bus;
    let said: string[];
    beforeEach(async () => {
      said = [];
      const say = (message: string): void => { said.push(message); };
      place = await makePlace({ log: say, warn: say, error: say });
      [alice, bob] = [await place.connect('alice'), await place.connect('bob')];
    });
    afterEach(async () => {
      await Promise.all([alice.drain(), bob.drain()]);
      await place.close();
    });

    test('an event arrives parsed, with the names that the wildcards took', async () => {
      const heard: [Report, MessageContext][] = [];
      bob.subscribe(report, ['c1'], (payload, context) => void heard.push([payload, context]));
      await bob.flush();
      alice.publish(report, { n: 1, text: 'é😀' }, 'c1', 'n1');
      alice.publish(report, { n: 2 }, 'c2', 'n1');
      alice.publish(report, { n: 3 }, 'c1', 'n2');
      await expect.poll(() => heard.length).toBe(2);
      expect(heard).toEqual([
        [{ n: 1, text: 'é😀' }, { subject: 'cluster.c1.node.n1.report', tokens: ['c1', 'n1'] }],
        [{ n: 3 }, { subject: 'cluster.c1.node.n2.report', tokens: ['c1', 'n2'] }],
      ]);
    });

    test('all subscribers hear an event, one of each queue', async () => {
      const heard: string[] = [];
      bob.subscribe(report, [], () => void heard.push('plain'));
      alice.subscribe(report, [], () => void heard.push('own'));
      for (const bus of [alice, bob]) bus.subscribe(report, [], () => void heard.push('queue'), { queue: 'q' });
      await Promise.all([alice.flush(), bob.flush()]);
      for (let n = 0; n < 10; n++) alice.publish(report, { n }, 'c', 'n');
      await expect.poll(() => heard.length).toBe(30);
      expect(heard.filter((who) => who === 'queue')).toHaveLength(10);
    });

    test('events of one subject are handled one after another; another subject does not wait', async () => {
      const order: string[] = [];
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => { release = resolve; });
      bob.subscribe(report, [], async ({ n }, { tokens }) => {
        order.push(`${tokens[1]} ${n} begins`);
        if (n === 1) await gate;
        order.push(`${tokens[1]} ${n} ends`);
      });
      await bob.flush();
      for (const [n, node] of [[1, 'slow'], [2, 'slow'], [3, 'other']] as const) alice.publish(report, { n }, 'c', node);
      await expect.poll(() => order).toEqual(['slow 1 begins', 'other 3 begins', 'other 3 ends']);
      release();
      await expect.poll(() => order.slice(3)).toEqual(['slow 1 ends', 'slow 2 begins', 'slow 2 ends']);
    });

    test('garbage and a failing handler are dropped, counted, said once, and hurt nobody', async () => {
      const heard: number[] = [];
      bob.subscribe(report, [], ({ n }) => { if (n < 0) throw new Error('negative'); heard.push(n); });
      bob.subscribe(report, [], ({ n }) => (n < -1 ? Promise.reject(new Error('later')) : undefined));
      await bob.flush();
      alice.publish(loose, { wrong: true }, 'c', 'n');
      alice.publish(loose, undefined, 'c', 'n');
      for (const n of [-1, -2, 7]) alice.publish(report, { n }, 'c', 'n');
      await expect.poll(() => heard).toEqual([7]);
      expect([...bob.dropped()]).toEqual([[report.subject, 4]]);
      expect(said.filter((line) => line.includes('does not parse'))).toHaveLength(1);
      expect(said.filter((line) => line.includes('negative'))).toHaveLength(2);
      expect(said.filter((line) => line.includes('later'))).toHaveLength(1);
    });

    test('a request gets its reply; requests run beside each other', async () => {
      let waiting = 0;
      bob.serve(double, ['c1'], async ({ n }, { tokens }) => {
        waiting++;
        await expect.poll(() => waiting).toBe(2);
        return { n: 2 * n, text: tokens.join() };
      });
      await bob.flush();
      expect(await Promise.all([alice.request(double, { n: 1 }, 5000, 'c1'), alice.request(double, { n: 2 }, { timeoutMs: 5000, inbox: '_INBOX.own.c1' }, 'c1')]))
        .toEqual([{ n: 2, text: 'c1' }, { n: 4, text: 'c1' }]);
    });

    test('refusals, bugs and garbage come back as what they are', async () => {
      bob.serve(double, [], ({ n }) => {
        if (n === 1) throw new Rejected(409, 'already\r\nthere é');
        if (n === 2) throw new Error('secret');
        if (n === 3) return {} as Report;
        if (n === 4) throw new Rejected(503, 'not yet');
        return { n, text: 'x'.repeat(1024 * 1024) };
      });
      await bob.flush();
      const ask = (payload: unknown): Promise<unknown> => alice.request({ ...double, payload: loose.payload }, payload, 5000, 'c').catch((error: unknown) => error);
      expect(await ask({ n: 1 })).toMatchObject({ name: 'Rejected', code: 409, message: 'already there é' });
      expect(await ask({ n: 2 })).toMatchObject({ name: 'Rejected', code: 500, message: 'internal error' });
      expect(await ask({ n: 3 })).toBeInstanceOf(BadReply);
      expect(await ask({ n: 4 })).toMatchObject({ name: 'Rejected', code: 503, message: 'not yet' });
      expect(await ask({ n: 5 })).toMatchObject({ name: 'Rejected', code: 500 });
      expect(await ask({})).toMatchObject({ name: 'Rejected', code: 400, message: 'n: required' });
      expect(await ask(undefined)).toMatchObject({ code: 400 });
      expect(said.some((line) => line.includes('secret'))).toBe(true);
    });

    test('a megabyte of faults is refused in one short line, counted and said', async () => {
      const issues = Array.from({ length: 5_000 }, (_, at) => ({ path: ['items', at, 'n'], message: `expected a number, got ${'x'.repeat(100)}` }));
      const strict = { ...double, payload: { parse: (): Report => { throw Object.assign(new Error(JSON.stringify(issues)), { issues }); } } };
      bob.serve(strict, [], () => ({ n: 1 }));
      await bob.flush();
      const answer = await alice.request({ ...double, payload: loose.payload }, {}, 5000, 'c').catch((error: unknown) => error);
      expect(answer).toMatchObject({ code: 400, message: expect.stringMatching(/^items\[0\]\.n: expected a number.*…?$/) as string });
      expect((answer as Error).message.length).toBeLessThanOrEqual(500);
      expect([...bob.dropped()]).toEqual([[double.subject, 1]]);
      expect(said.filter((line) => line.includes('cluster.c.double: refused a request that does not parse: items[0].n'))).toHaveLength(1);
    });

    test('nobody there, and no answer in time, are told apart', async () => {
      expect(await alice.request(double, { n: 1 }, 5000, 'c').catch((error: unknown) => error)).toBeInstanceOf(NobodyThere);
      let release: () => void = () => undefined;
      bob.serve(double, [], () => new Promise((resolve) => { release = () => resolve({ n: 1 }); }));
      await bob.flush();
      expect(await alice.request(double, { n: 1 }, 30, 'c').catch((error: unknown) => error)).toBeInstanceOf(NoAnswer);
      release();
    });

    test('of several servers one answers', async () => {
      const answered: string[] = [];
      alice.serve(double, [], ({ n }) => { answered.push('alice'); return { n }; });
      bob.serve(double, [], ({ n }) => { answered.push('bob'); return { n }; });
      await Promise.all([alice.flush(), bob.flush()]);
      for (let n = 0; n < 20; n++) await alice.request(double, { n }, 5000, 'c');
      expect(answered).toHaveLength(20);
    });

    test('hostile names and too large payloads are refused before anything is sent', async () => {
      for (const token of ['', 'a.b', '*', '>', 'a b', 'a\n', 'a\0', '\u007f']) {
        expect(() => alice.publish(report, { n: 1 }, 'c', token)).toThrow(InvalidMessage);
        expect(() => alice.subscribe(report, ['c', token], () => undefined)).toThrow(InvalidMessage);
        await expect(alice.request(double, { n: 1 }, 100, token)).rejects.toBeInstanceOf(InvalidMessage);
      }
      expect(() => alice.publish(report, { n: 1 }, 'c')).toThrow('needs 2 tokens, got 1');
      expect(() => alice.subscribe(double, ['c', 'd'], () => undefined)).toThrow('has no wildcard');
      expect(() => alice.publish(report, { n: 1, text: 'x'.repeat(1024 * 1024) }, 'c', 'n')).toThrow(/the payload has \d+ bytes, the bus takes 1048576/);
    });

    test('a stopped subscription hears no more', async () => {
      const heard: number[] = [];
      const stop = bob.subscribe(report, [], ({ n }) => void heard.push(n));
      await bob.flush();
      alice.publish(report, { n: 1 }, 'c', 'n');
      await expect.poll(() => heard).toEqual([1]);
      await stop();
      alice.publish(report, { n: 2 }, 'c', 'n');
      await alice.flush();
      await bob.flush();
      expect(heard).toEqual([1]);
    });

    test('a reconnect is told, every time, and subscriptions are there again', async () => {
      const heard: number[] = [];
      let back = 0;
      bob.subscribe(report, [], ({ n }) => void heard.push(n));
      const forget = bob.onReconnect(() => { back += 100; });
      bob.onReconnect(() => { throw new Error('listener'); });
      bob.onReconnect(() => { back++; });
      forget();
      for (let round = 1; round <= 2; round++) {
        await place.interrupt();
        await expect.poll(() => [back, alice.status(), bob.status()], { timeout: 10_000 }).toEqual([round, 'connected', 'connected']);
        await bob.flush();
        alice.publish(report, { n: round }, 'c', 'n');
        await expect.poll(() => heard.at(-1)).toBe(round);
      }
    });

    test('drain lets running handlers answer; then the bus is closed', async () => {
      let release: (() => void) | undefined;
      bob.serve(double, [], ({ n }) => new Promise((resolve) => { release = () => { resolve({ n: 2 * n }); }; }));
      await bob.flush();
      const answer = alice.request(double, { n: 21 }, 5000, 'c');
      await expect.poll(() => release).toBeDefined();
      const drained = Promise.all([bob.drain(), bob.drain()]);
      release?.();
      expect(await answer).toEqual({ n: 42 });
      await drained;
      expect(bob.status()).toBe('closed');
      expect(() => bob.publish(report, { n: 1 }, 'c', 'n')).toThrow(BusClosed);
      expect(() => bob.subscribe(report, [], () => undefined)).toThrow(BusClosed);
      await expect(bob.request(double, { n: 1 }, 100, 'c')).rejects.toBeInstanceOf(BusClosed);
    });
  });
}
