import { existsSync, writeFileSync } from 'node:fs';
import { messages } from '../messages.ts';
import { examplesOf } from '../testing/examples-of.ts';

const listed = (examples: readonly unknown[]): string => `[\n${examples.map((one) => JSON.stringify(one)).join(',\n')}\n]`;

/** `node src/docs/golden-main.ts`: writes the golden file of each message that has none. What is there is never touched: it is what was once said on a wire. */
for (const { name, definition: { payload, reply } } of messages) {
  const file = new URL(`../golden/${name}.json`, import.meta.url);
  const parts = [`"payload": ${listed(examplesOf(payload))}`, ...(reply ? [`"reply": ${listed(examplesOf(reply))}`] : [])];
  if (!existsSync(file)) writeFileSync(file, `{${parts.join(',\n')}}\n`);
}
