import { connect } from '../contexts/connect.ts';
import { exitCodes } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import { printBody } from '../terminal/listing.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { plain } from '../terminal/words.ts';
import { changeText } from './apply.ts';
import type { Step } from './compare.ts';
import { planAgainst, readWanted } from './plan.ts';

/** `oak diff -f FILE`: what `oak apply` would meet. Changes nothing. */
export async function diff(invocation: Invocation<readonly [], { readonly file: readonly string[]; readonly exitCode?: boolean }>): Promise<number> {
  const { world, terminal, options } = invocation;
  const wanted = await readWanted(world, terminal, options.file);
  const steps = await planAgainst(await connect(world, choiceOf(invocation)), wanted);
  const { output } = options;
  if (output === 'json' || output === 'yaml') await printBody(terminal, steps.map(bodyOf), output);
  else await terminal.print(steps.flatMap((step) => linesOf(terminal, step)).join('\n'));
  return options.exitCode && steps.some(({ kind }) => kind !== 'same') ? exitCodes.failed : exitCodes.ok;
}

function linesOf(terminal: Terminal, step: Step): string[] {
  const added = (text: string): string => terminal.paint('green', `+ ${plain(text)}`);
  switch (step.kind) {
    case 'same': return [`= ${step.noun} ${step.name}`];
    case 'changed': return [terminal.paint('yellow', `~ ${step.noun} ${step.name}`), ...step.changes.map((change) => `    ${plain(changeText(change))}`)];
    case 'add': return [added(`service ${step.application.parsed.application_name}/${step.microservice.parsed.microservice_name}`)];
    case 'create': {
      const { parsed } = step.application;
      return [added(`application ${parsed.application_name}`), ...step.application.microservices.map((one) => added(`service ${parsed.application_name}/${one.parsed.microservice_name}`))];
    }
  }
}

function bodyOf(step: Step): unknown {
  switch (step.kind) {
    case 'same': return step;
    case 'changed': return { kind: step.kind, noun: step.noun, name: step.name, id: step.id, changes: step.changes };
    case 'add': return { kind: 'add', noun: 'service', application: step.application.name, name: step.microservice.name };
    case 'create': return { kind: 'create', noun: 'application', name: step.application.name, microservices: step.application.microservices.map(({ name }) => name) };
  }
}
