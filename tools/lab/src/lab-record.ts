import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const identitySchema = z.object({ pid: z.int(), startTime: z.string() });
/** What must hold before the next program is started. */
const readySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('socket'), path: z.string() }),
  /** Asked from inside the host. */
  z.object({ kind: z.literal('http'), url: z.string() }),
]);
const programSchema = z.object({
  name: z.string(),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  log: z.string(),
  ready: readySchema.optional(),
  /** Where it runs now; the last life when it has ended. */
  process: identitySchema,
});
const hostSchema = z.object({
  name: z.string(),
  role: z.enum(['switch', 'root', 'cluster', 'node', 'plain']),
  address: z.string(),
  /** First process of the host's pid namespace: when it ends, all of the host ends. */
  init: identitySchema,
  programs: z.array(programSchema),
});
const recordSchema = z.object({
  id: z.string(),
  dir: z.string(),
  cgroupParent: z.string(),
  /** REST of root, reachable from this machine. */
  restUrl: z.string().optional(),
  credentialsFile: z.string().optional(),
  hosts: z.array(hostSchema),
});

export type LabRecord = z.infer<typeof recordSchema>;
export type HostRecord = LabRecord['hosts'][number];
export type HostRole = HostRecord['role'];
export type Ready = z.infer<typeof readySchema>;
export type ProgramRecord = HostRecord['programs'][number];

const fileName = 'lab.json';
/** Sockets live below the folder, and a path of a unix socket holds 107 bytes. */
const longestDir = 60;

/** Follows from the folder alone, so that a lab can be taken down even when its record is lost. */
export const labId = (dir: string): string => createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 8);
export const cgroupParentOf = (dir: string): string => `/oak-lab-${labId(dir)}`;

/** Claims an absent or empty folder for a lab. */
export async function createRecord(dir: string): Promise<LabRecord> {
  const full = resolve(dir);
  if (full.length > longestDir) throw new Error(`lab folder ${full}: ${full.length} characters, at most ${longestDir} leave room for the sockets below; choose another with --dir`);
  await mkdir(full, { recursive: true, mode: 0o700 });
  const there = await readdir(full);
  if (there.includes(fileName)) throw new Error(`lab folder ${full} holds a lab; take it down first: npm run lab -- down --dir ${full}`);
  if (there.length > 0) throw new Error(`lab folder ${full} is not empty; choose another with --dir`);
  const record: LabRecord = { id: labId(full), dir: full, cgroupParent: cgroupParentOf(full), hosts: [] };
  await saveRecord(record);
  return record;
}

export async function saveRecord(record: LabRecord): Promise<void> {
  const path = join(record.dir, fileName);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Undefined when there is no lab in the folder. @throws Error when its record cannot be read */
export async function readRecord(dir: string): Promise<LabRecord | undefined> {
  const path = join(resolve(dir), fileName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is damaged; take the lab down: npm run lab -- down --dir ${resolve(dir)}`, { cause });
  }
}

export function hostNamed(record: LabRecord, name: string): HostRecord {
  const host = record.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host ${name} in this lab; there are: ${record.hosts.map((one) => one.name).join(', ')}`);
  return host;
}

export function programNamed(host: HostRecord, name: string): ProgramRecord {
  const program = host.programs.find((one) => one.name === name);
  if (program === undefined) throw new Error(`no program ${name} on host ${host.name}; there are: ${host.programs.map((one) => one.name).join(', ')}`);
  return program;
}
