import type { StateDir } from '@oak/process';

/** A state folder in memory. */
export class MemoryState implements Pick<StateDir, 'read' | 'write'> {
  readonly files = new Map<string, string>();

  read(name: string): string | undefined {
    return this.files.get(name);
  }

  write(name: string, text: string): void {
    this.files.set(name, text);
  }
}
