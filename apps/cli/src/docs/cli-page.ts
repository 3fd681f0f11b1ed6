import { PassThrough } from 'node:stream';
import type { Argument, Command, Option } from 'commander';
import { exitCodeText, makeProgram } from '../program.ts';
import { walk } from './walk.ts';

/** docs/cli.md: how to use it, then every command as it is declared. */
export function cliPage(): string {
  const program = makeProgram({ env: {}, stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), now: () => 0, cwd: '/', home: '/' }, () => undefined);
  return [
    walk,
    '## Options of every command', '', ...optionLines(program.options), '',
    '## Exit codes', '', '```text', exitCodeText, '```', '',
    '## Commands', '',
    ...program.commands.flatMap((command) => commandLines(command, '###')),
  ].join('\n');
}

function commandLines(command: Command, heading: string): string[] {
  const aliases = command.aliases().length === 0 ? '' : ` (also ${command.aliases().map((alias) => `\`${alias}\``).join(', ')})`;
  return [
    `${heading} ${[...pathOf(command), ...command.registeredArguments.map(argumentText)].join(' ')}${aliases}`, '',
    command.description(), '',
    ...command.registeredArguments.filter(({ description }) => description !== '').map((argument) => `- \`${argument.name()}\`: ${argument.description}${choiceText(argument)}`),
    ...optionLines(command.options),
    ...(command.options.length > 0 || command.registeredArguments.some(({ description }) => description !== '') ? [''] : []),
    ...command.commands.flatMap((one) => commandLines(one, '####')),
  ];
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [command.name()];
}

function argumentText(argument: Argument): string {
  const text = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`;
  return argument.required ? text : `[${text}]`;
}

const optionLines = (options: readonly Option[]): string[] => options.map((option) => `- \`${option.flags}\`${option.description === '' ? '' : `: ${option.description}`}${choiceText(option)}`);

function choiceText({ argChoices, defaultValue }: Pick<Option, 'argChoices'> & { readonly defaultValue?: unknown }): string {
  const choices = argChoices ? ` (one of ${argChoices.join(', ')})` : '';
  return `${choices}${typeof defaultValue === 'string' || typeof defaultValue === 'number' ? ` (default ${defaultValue})` : ''}`;
}
