import { type HostRecord, type LabRecord, type ProgramRecord, readRecord } from './lab-record.ts';
import { isAlive } from './process-identity.ts';

export type ProgramStatus = ProgramRecord & { readonly alive: boolean };
export type HostStatus = Omit<HostRecord, 'programs'> & { readonly alive: boolean; readonly programs: ProgramStatus[] };
export type LabStatus = Omit<LabRecord, 'hosts'> & { readonly alive: boolean; readonly hosts: HostStatus[] };

/** The record of a lab and what of it lives; undefined when there is no lab. */
export async function labStatus(dir: string): Promise<LabStatus | undefined> {
  const record = await readRecord(dir);
  if (record === undefined) return undefined;
  const hosts = await Promise.all(record.hosts.map(hostStatus));
  return { ...record, alive: hosts.every((host) => host.alive && host.programs.every(({ alive }) => alive)), hosts };
}

async function hostStatus(host: HostRecord): Promise<HostStatus> {
  const programs = await Promise.all(host.programs.map(async (program) => ({ ...program, alive: await isAlive(program.process) })));
  return { ...host, alive: await isAlive(host.init), programs };
}
