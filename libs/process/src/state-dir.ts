import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of a process: only its owner may look inside, files are written whole or not at all. */
export class StateDir {
  readonly path: string;

  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    this.path = path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string | undefined {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8') : undefined;
  }

  /** Replaces the file; a crash leaves the old one or the new one. Mode 0600. */
  write(name: string, text: string): void {
    const temporary = this.file(`.${name}.${randomBytes(6).toString('hex')}`);
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, this.file(name));
  }

  /** What `make` gave the first time. */
  once(name: string, make: () => string): string {
    const known = this.read(name);
    if (known !== undefined) return known;
    const made = make();
    this.write(name, made);
    return made;
  }

  /** Grows by one with each start. No clock is asked, so a clock that jumps can not make a process look old. */
  nextEpoch(): number {
    const last = Number(this.read('epoch') ?? '0');
    if (!Number.isSafeInteger(last) || last < 0) throw new Error(`${this.file('epoch')} holds ${JSON.stringify(this.read('epoch'))}, expected a whole number. Others know the last one: put a greater number there.`);
    this.write('epoch', String(last + 1));
    return last + 1;
  }
}
