import { exitCodes, Failure } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { printBody } from '../terminal/listing.ts';
import { count } from '../terminal/words.ts';
import { warnOf } from './plan.ts';
import { readDocuments } from './read-documents.ts';
import { checkDocuments } from './wanted.ts';

/** `oak validate FILE`: all faults and warnings, without asking anybody. */
export async function validate({ world, terminal, options }: Invocation<readonly [], { readonly file: readonly string[] }>): Promise<number> {
  const { applications, faults, warnings } = checkDocuments(await readDocuments(world, options.file));
  if (options.output === 'json' || options.output === 'yaml') {
    await printBody(terminal, { valid: faults.length === 0, faults, warnings }, options.output);
    return faults.length === 0 ? exitCodes.ok : exitCodes.failed;
  }
  warnings.forEach(warnOf(terminal));
  if (faults.length > 0) throw new Failure(exitCodes.failed, `${count(faults.length, 'fault')}:`, undefined, faults);
  const microservices = applications.reduce((sum, one) => sum + one.microservices.length, 0);
  await terminal.print(`valid: ${count(applications.length, 'application')} with ${count(microservices, 'microservice')}`);
  return exitCodes.ok;
}
