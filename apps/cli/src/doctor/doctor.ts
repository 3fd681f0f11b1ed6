import { exitCodes } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { printBody } from '../terminal/listing.ts';
import type { Colour, Terminal } from '../terminal/terminal.ts';
import { plain } from '../terminal/words.ts';
import { checksOf, findingOf } from './checks.ts';
import type { Finding, Verdict } from './judge.ts';

const colours: Readonly<Record<Verdict, Colour>> = { ok: 'green', warning: 'yellow', fault: 'red', unchecked: 'dim' };

/** `oak doctor`: all checks, numbered, each fault with what to do. */
export async function doctor(invocation: Invocation<readonly [], { readonly strict?: boolean }>): Promise<number> {
  const { terminal, options } = invocation;
  const isText = options.output !== 'json' && options.output !== 'yaml';
  const findings = new Map<string, Finding>();
  for (const [at, check] of checksOf(invocation).entries()) {
    const missing = check.needs.find((name) => findings.get(name)?.verdict !== 'ok' && findings.get(name)?.verdict !== 'warning');
    const finding: Finding = missing === undefined ? await findingOf(check) : { verdict: 'unchecked', text: `not checked, since ${missing} is not right` };
    findings.set(check.name, finding);
    if (isText) await tell(terminal, at + 1, check.name, finding);
  }
  if (options.output === 'json' || options.output === 'yaml') await printBody(terminal, [...findings].map(([name, finding]) => ({ name, ...finding })), options.output);
  const bad: readonly Verdict[] = options.strict ? ['fault', 'warning'] : ['fault'];
  return [...findings.values()].some(({ verdict }) => bad.includes(verdict)) ? exitCodes.failed : exitCodes.ok;
}

async function tell(terminal: Terminal, number: number, name: string, { verdict, text, remedies = [] }: Finding): Promise<void> {
  const head = `${String(number).padStart(2)}  ${terminal.paint(colours[verdict], verdict.padEnd(9))}  ${name}: ${plain(text)}`;
  await terminal.print([head, ...remedies.map((remedy) => `      ${plain(remedy)}`)].join('\n'));
}
