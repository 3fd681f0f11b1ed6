import type { Command } from 'commander';
import { connect } from '../contexts/connect.ts';
import { Contexts } from '../contexts/contexts.ts';
import { Failure } from '../failure.ts';
import { kinds, kindOf, type Kind } from '../listings/kinds.ts';
import { nameApplications, nameClusters, nameInstances, nameNodes, nameServices } from '../selection/named.ts';
import { Terminal } from '../terminal/terminal.ts';
import { plain } from '../terminal/words.ts';
import type { World } from '../world.ts';

/** A word that may stand at the cursor, and what it is. */
export interface Word { readonly word: string; readonly text?: string }
type Names = 'application' | 'service' | 'instance' | 'running' | 'any' | 'node' | 'cluster' | 'kind' | 'kind-names' | 'context';
/** By the whole name of a command: what its arguments are; the last one goes on. */
const expected: Readonly<Record<string, readonly Names[]>> = {
  'context use': ['context'], 'context set': ['context'], get: ['kind', 'kind-names'], delete: ['kind', 'kind-names'], describe: ['any'], explain: ['running'], logs: ['running'], restart: ['running'], scale: ['service'],
  'node cordon': ['node'], 'node uncordon': ['node'], 'node describe': ['node'], 'cluster info': ['cluster'], 'net trace': ['instance', 'running'], 'application delete': ['application'],
  'service inspect': ['running'], 'service logs': ['running'], 'service deploy': ['service'], 'service undeploy': ['service'],
};
const patienceMs = 2_000;

/** `oak __complete WORDS...`, called by the scripts of the shells: a word on each line, and after a TAB what it is. */
export async function printWords(program: Command, world: World, words: readonly string[]): Promise<void> {
  const terminal = new Terminal(world);
  for (const { word, text } of await complete(program, world, words)) await terminal.print(text === undefined ? word : `${word}\t${plain(text)}`);
}

/** The words that may follow. `words`: all after `oak`, the last one as far as it is typed. */
export async function complete(program: Command, world: World, words: readonly string[]): Promise<Word[]> {
  const typed = words.at(-1) ?? '';
  const { command, path, args, pending } = walk(program, words.slice(0, -1));
  if (pending) return choicesOf(command, pending);
  if (typed.startsWith('-')) return optionsOf(command);
  if (command.commands.length > 0) return command.commands.map((one) => ({ word: one.name(), text: one.summary() || one.description() }));
  const wanted = expected[path.join(' ')] ?? [];
  const names = wanted[Math.min(args.length, wanted.length - 1)];
  return names === undefined ? [] : namesOf(names, world, args);
}

/** Where in the tree of commands the words lead; `pending`: an option that waits for its value. */
function walk(program: Command, words: readonly string[]): { command: Command; path: string[]; args: string[]; pending?: string } {
  let command = program;
  const path: string[] = [];
  const args: string[] = [];
  for (const [at, word] of words.entries()) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (word.startsWith('-')) {
      if (takesValue(command, word) && at === words.length - 1) return { command, path, args, pending: word };
    } else if (takesValue(command, words[at - 1] ?? '')) continue;
    else if (next) { command = next; path.push(next.name()); } else args.push(word);
  }
  return { command, path, args };
}

function optionsUpward(command: Command): Command['options'][number][] {
  return [...command.options, ...(command.parent ? optionsUpward(command.parent) : [])];
}

const optionOf = (command: Command, word: string) => optionsUpward(command).find(({ short, long }) => word === short || word === long);
const takesValue = (command: Command, word: string): boolean => word.startsWith('-') && (optionOf(command, word)?.required ?? false);

function choicesOf(command: Command, word: string): Word[] {
  return (optionOf(command, word)?.argChoices ?? []).map((choice) => ({ word: choice }));
}

function optionsOf(command: Command): Word[] {
  return optionsUpward(command).flatMap(({ long, description }) => (long ? [{ word: long, text: description }] : []));
}

/** A shell that waits for its user wants words or silence. */
async function namesOf(names: Names, world: World, args: readonly string[]): Promise<Word[]> {
  try {
    if (names === 'kind') return kinds.map((kind) => ({ word: `${kind}s` }));
    if (names === 'context') return Object.keys(new Contexts(world).read().contexts).map((word) => ({ word }));
    return (await live(names === 'kind-names' ? kindOf(args[0] ?? '') : names, world)).map((word) => ({ word }));
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

async function live(names: Kind | 'running' | 'any', world: World): Promise<string[]> {
  const root = await connect(world, { timeoutMs: patienceMs });
  const applications = async (): Promise<string[]> => nameApplications(await root.applications()).map(({ name }) => name);
  const services = async () => nameServices(await root.services());
  switch (names) {
    case 'application': return applications();
    case 'service': return (await services()).map(({ name }) => name);
    case 'instance': return nameInstances(await services()).map(({ name }) => name);
    case 'running': return (await services()).flatMap((service) => [service.name, ...nameInstances([service]).map(({ name }) => name)]);
    case 'any': return [...await applications(), ...await live('running', world)];
    case 'node': return nameNodes((await root.nodes()).nodes).map(({ name }) => name);
    case 'cluster': return nameClusters(await root.clusters()).map(({ name }) => name);
    case 'runtime': return [...new Set((await root.nodes()).nodes.flatMap(({ runtimes }) => runtimes.map(({ virtualization }) => virtualization)))];
  }
}
