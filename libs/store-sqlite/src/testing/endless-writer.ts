import { SqliteStore } from '../sqlite-store.ts';

/** Inserts without end and says how many are done; the test kills it in the middle. */
const file = process.argv[2];
if (!file) throw new Error('usage: endless-writer.ts <file>');
const texts = SqliteStore.open(file).collection({ name: 'texts', parse: String });
for (let done = 1; ; done++) {
  await texts.insert(`id-${done}`, 'text');
  if (done % 100 !== 0) continue;
  process.stdout.write(`${done}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
