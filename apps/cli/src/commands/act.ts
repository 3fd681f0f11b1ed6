import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { Terminal } from '../terminal/terminal.ts';
import type { World } from '../world.ts';

/** An exit code, or nothing for success. */
export type Action<A extends readonly unknown[], O> = (invocation: Invocation<A, O>) => Promise<number | void>;
/** Binds a command to what it does. The code is loaded when it is called, so that help does not wait for all of it. */
export type Act = <A extends readonly unknown[], O>(command: Command, load: () => Promise<Action<A, O>>) => Command;

export function actIn(world: World, ended: (exitCode: number) => void): Act {
  return (command, load) => command.action(async () => {
    const action = await load();
    type Given = Parameters<typeof action>[0];
    // commander has parsed them as the command's own declaration says.
    const args = command.processedArgs as unknown as Given['args'];
    const options = command.optsWithGlobals<Given['options']>();
    ended((await action({ world, terminal: new Terminal(world), args, options })) ?? 0);
  });
}
