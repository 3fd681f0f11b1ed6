import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { MachineFolder } from './machine-folder.ts';

/** The way into QEMU's monitor: a pipe, so that there is no connection to lose and nobody waits for a machine that hangs. */
export class Monitor {
  readonly #folder: MachineFolder;
  #asked = 0;

  constructor(folder: MachineFolder) {
    this.#folder = folder;
  }

  /** Says it, whether or not anybody hears. False: nobody can, the machine is gone or its pipe is full. */
  async tell(execute: string, args?: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#write({ execute, ...(args && { arguments: args }) });
  }

  /** Asks where the guest's processor is. The answer is in `programCounter` later. */
  async askRegisters(): Promise<boolean> {
    return this.#write({ execute: 'human-monitor-command', arguments: { 'command-line': 'info registers' }, id: `registers-${process.pid}-${this.#asked++}` });
  }

  async #write(message: object): Promise<boolean> {
    try {
      await using pipe = await open(this.#folder.file('commands'), constants.O_WRONLY | constants.O_NONBLOCK);
      await pipe.write(`${JSON.stringify(message)}\n`);
      return true;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (['ENXIO', 'ENOENT', 'EAGAIN', 'EPIPE'].includes(code)) return false;
      throw error;
    }
  }
}

/** The last known instruction of the guest; undefined: nobody asked, or it has not answered. */
export function programCounter(events: string): bigint | undefined {
  const [, counter] = /.*"return": "[^"]*(?:[ER]IP=|PC=)([0-9a-f]+)/s.exec(events) ?? [];
  return counter === undefined ? undefined : BigInt(`0x${counter}`);
}
