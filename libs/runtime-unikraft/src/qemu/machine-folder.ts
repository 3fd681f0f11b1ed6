import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Written before anything of a machine exists. */
const recordSchema = z.object({
  id: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  netnsPath: z.string().optional(),
  /** Of who launched it; goes with it. */
  scratchDir: z.string().optional(),
  cgroups: z.array(z.string()),
  startedAtMs: z.number(),
  /** Of the boot of this host: after another one no process of ours lives. */
  hostBoot: z.string(),
});
export type MachineRecord = z.infer<typeof recordSchema>;

const mostSaidBytes = 2 ** 20;

export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks since the boot of the host: numbers of processes are used again, with their times they are not. */
  readonly startTime: string;
}

/** One machine's folder: all that is remembered of it. Only root reads it, QEMU itself gets open files. */
export class MachineFolder {
  readonly path: string;

  constructor(root: string, id: string) {
    this.path = join(root, id);
  }

  file(name: 'record.json' | 'commands' | 'events' | 'errors' | 'process' | 'status' | 'asked' | 'lost' | 'files' | 'qemu'): string {
    return join(this.path, name);
  }

  async create(record: MachineRecord): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await this.#write('record.json', JSON.stringify(record));
  }

  /** Undefined: there is no such machine. @throws when its record is damaged */
  async record(): Promise<MachineRecord | undefined> {
    const text = await this.text('record.json');
    return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
  }

  /** Undefined: it has none yet. */
  async process(): Promise<ProcessIdentity | undefined> {
    return parseStat(await this.text('process'));
  }

  /** What QEMU's end said to its parent; undefined: it has not ended, or nobody was there to see. */
  async status(): Promise<{ status: number; atMs: number } | undefined> {
    const text = await this.text('status');
    return text === undefined ? undefined : { status: Number(text), atMs: await this.#modifiedMs('status') };
  }

  /** When we first saw that nobody saw the end. */
  async lostAtMs(): Promise<number> {
    // Several may look at once; the first one counts.
    await writeFile(this.file('lost'), '', { flag: 'wx', mode: 0o600 }).catch(unlessThere);
    return this.#modifiedMs('lost');
  }

  /** Asked to end, and how. */
  async asked(): Promise<string | undefined> {
    return this.text('asked');
  }

  setAsked(how: 'stop' | 'kill'): Promise<void> {
    return this.#write('asked', how);
  }

  async text(name: Parameters<MachineFolder['file']>[0]): Promise<string | undefined> {
    return readFile(this.file(name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  /** What QEMU says on its way has no end of its own; what counts is its last words. */
  async trim(): Promise<void> {
    for (const name of ['events', 'errors'] as const) {
      const { size } = await stat(this.file(name)).catch(() => ({ size: 0 }));
      if (size > mostSaidBytes) await truncate(this.file(name), 0);
    }
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }

  async #modifiedMs(name: 'status' | 'lost'): Promise<number> {
    return Math.round((await stat(this.file(name))).mtimeMs);
  }

  /** Whole or not at all. */
  async #write(name: Parameters<MachineFolder['file']>[0], text: string): Promise<void> {
    const draft = `${this.file(name)}.draft`;
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, this.file(name));
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

export async function machineIds(root: string): Promise<string[]> {
  return readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** A line of /proc/PID/stat; the program's name in it may hold anything. */
export function parseStat(line: string | undefined): ProcessIdentity & { readonly state: string } | undefined {
  const fields = line?.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields?.[0], fields?.[19]];
  if (line === undefined || state === undefined || startTime === undefined) return undefined;
  return { pid: Number.parseInt(line, 10), startTime, state };
}

/** False also for a zombie: it holds nothing any more. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  const now = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined));
  return now?.startTime === startTime && now.state !== 'Z' && now.state !== 'X';
}
