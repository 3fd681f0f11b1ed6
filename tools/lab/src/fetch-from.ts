import { z } from 'zod';
import type { Lab } from './lab.ts';

const answerSchema = z.object({ status: z.int(), text: z.string() });

/** Runs on the host: asks until somebody answers, since a program that has started need not listen yet. */
const script = `
const [url, withinMs] = process.argv.slice(1);
const end = Date.now() + Number(withinMs);
for (;;) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));
    break;
  } catch (error) {
    if (Date.now() > end) { console.error(String(error.cause ?? error)); process.exit(1); }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}`;

/** GET from a host of the lab, as anyone on its network would. @throws Error with the last refusal when nobody answers in time */
export async function fetchFrom(lab: Lab, host: string, url: string, withinMs = 5_000): Promise<z.infer<typeof answerSchema>> {
  const { stdout, stderr, exitCode } = await lab.exec(host, [process.execPath, '--input-type=module', '-e', script, url, String(withinMs)]);
  if (exitCode !== 0) throw new Error(`${url} from ${host}: ${stderr}`);
  return answerSchema.parse(JSON.parse(stdout));
}
