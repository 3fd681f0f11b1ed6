import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { messages } from '../messages.ts';

interface Golden { readonly payload: readonly unknown[]; readonly reply?: readonly unknown[] }

/** `<message>.json` is the first; what a later version says beside goes into `<message>.2.json` and so on. */
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));
const read = (file: string): Golden => JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')) as Golden;
const filesOf = (name: string): string[] => files.filter((file) => file.split('.')[0] === name);

/** All that is said arrives: nothing is refused, nothing is lost on the way. Defaults may be added. */
function expectKept(schema: z.ZodType, said: readonly unknown[]): void {
  for (const one of said) expect(schema.parse(one)).toMatchObject(one as object);
}

describe('what was once said on the wire is still understood', () => {
  test.each(messages.map((message) => [message.name, message] as const))('%s', (name, { definition: { payload, reply } }) => {
    expect(filesOf(name), 'a message without a golden file: run "node src/docs/golden-main.ts" and commit it').not.toEqual([]);
    for (const file of filesOf(name)) {
      const golden = read(file);
      expect(golden.payload.length).toBeGreaterThan(0);
      expectKept(payload, golden.payload);
      if (reply) expectKept(reply, golden.reply ?? []);
      expect(golden.reply !== undefined && golden.reply.length > 0).toBe(reply !== undefined);
    }
  });

  test('by messages that are still there', () => {
    expect(files.filter((file) => !messages.some(({ name }) => name === file.split('.')[0]))).toEqual([]);
  });
});
