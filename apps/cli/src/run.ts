import { CommanderError } from 'commander';
import { exitCodes, Failure, failureText } from './failure.ts';
import { makeProgram } from './program.ts';
import { Terminal } from './terminal/terminal.ts';
import type { World } from './world.ts';

/** One call of `oak`. Resolves with its exit code; throws only what is a mistake of ours. */
export async function run(args: readonly string[], world: World): Promise<number> {
  let exitCode: number = exitCodes.ok;
  try {
    const program = makeProgram(world, (code) => { exitCode = code; });
    // What is half typed is no usage yet, so it is not parsed as one.
    if (args[0] === '__complete') await (await import('./completion/complete.ts')).printWords(program, world, args.slice(1));
    else await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) throw error;
    const terminal = new Terminal(world);
    terminal.say(`${terminal.paintTalk('red', 'oak')}: ${failureText(error)}`);
    return error.exitCode;
  }
}
