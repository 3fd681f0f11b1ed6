import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { messages, type Message, type Party } from '@oak/contracts';
import { clusterPermissions, nodePermissions, rootPermissions, TrustDomain, type Permissions } from '@oak/identity';
import type { Lab } from '@oak/lab';
import { StateDir } from '@oak/process';

export interface Parcel { readonly subject: string; readonly text: string }

/** A party of the bus: where its server is, and with what it may speak. */
export interface Speaker { readonly host: string; readonly port: number; readonly creds: string }

export const here = { cluster: 'c1', node: 'c1n1' } as const;
export const subjectOf = ({ definition: { subject } }: Message): string => subject.replace('*', here.cluster).replace('*', here.node);
export const messageAt = (subject: string): Message | undefined => messages.find((message) => subjectOf(message) === subject);

/** Credentials as the orchestrator itself would give them, with the rights of the party and no more. */
export function speakerOf(lab: Lab, party: Party): Speaker {
  const { cluster, node } = here;
  const issue = (host: string, app: string, domain: string, name: string, permissions: Permissions): string =>
    TrustDomain.open(domain, new StateDir(`${lab.dir}/${host}/${app}`)).issue(name, permissions);
  switch (party) {
    case 'root': return { host: 'root', port: 4222, creds: issue('root', 'root-orchestrator', 'root', 'root', rootPermissions()) };
    case 'cluster': return { host: cluster, port: 4223, creds: issue(cluster, 'cluster-orchestrator', cluster, `cluster.${cluster}`, clusterPermissions(cluster)) };
    case 'node': return { host: cluster, port: 4223, creds: issue(cluster, 'cluster-orchestrator', cluster, `cluster.${cluster}.node.${node}`, nodePermissions(cluster, node)) };
  }
}

/** Says these on the wire, byte for byte. Returns what the server had against it. */
export async function say(lab: Lab, { host, port, creds }: Speaker, parcels: readonly Parcel[]): Promise<string[]> {
  const script = fileURLToPath(new URL('say-main.ts', import.meta.url));
  const { stdout, stderr, exitCode } = await lab.exec(host, [process.execPath, script], { input: JSON.stringify({ port, creds, parcels }) });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

/** All that a party hears from now on, until it is asked for. */
export async function record(lab: Lab, { host, port, creds }: Speaker, subject: string): Promise<() => Promise<Parcel[]>> {
  const name = `recorder-${subject.split('.')[0] ?? ''}`;
  const [file, socket] = [`${lab.dir}/${host}/${name}.creds`, `${lab.dir}/${host}/${name}.sock`];
  await writeFile(file, creds, { mode: 0o600 });
  const script = fileURLToPath(new URL('record-main.ts', import.meta.url));
  await lab.run(host, { name, argv: [process.execPath, script, String(port), file, subject, socket], ready: { kind: 'socket', path: socket } });
  return async () => {
    const recorder = connect(socket);
    recorder.write('tell');
    return JSON.parse(await textOf(recorder)) as Parcel[];
  };
}
