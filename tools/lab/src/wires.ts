import { execa } from 'execa';
import { enterNetwork } from './host.ts';
import type { HostRecord } from './lab-record.ts';

/** All hosts of a lab are on one bridge that lives in a namespace of its own, so labs and this machine never see each other's addresses. */
export const network = { prefix: '10.200', length: 16, switchAddress: '10.200.0.1' } as const;
const bridge = 'br0';
const port = (host: string): string => `p-${host}`;

/** A host keeps its card over a power cut, or its neighbours would talk to the old one for a while. */
const hardwareAddress = (address: string): string => ['02', '00', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');

async function ipBatch(host: HostRecord, lines: readonly string[], options: readonly string[] = []): Promise<void> {
  const [command = '', ...args] = [...enterNetwork(host.init), 'ip', ...options, '-batch', '-'];
  await execa(command, args, { input: `${lines.join('\n')}\n` });
}

export async function makeBridge(hub: HostRecord): Promise<void> {
  await ipBatch(hub, [
    `link add ${bridge} type bridge`,
    `address add ${network.switchAddress}/${network.length} dev ${bridge}`,
    `link set ${bridge} up`,
  ]);
}

/** Plugs a host into the bridge. A port that an earlier life of the host left there is taken away first. */
export async function plug(hub: HostRecord, host: HostRecord): Promise<void> {
  await ipBatch(hub, [`link delete ${port(host.name)}`], ['-force', '-oneline']).catch(() => undefined);
  await ipBatch(hub, [
    `link add ${port(host.name)} type veth peer name eth0 address ${hardwareAddress(host.address)} netns ${host.init.pid}`,
    `link set ${port(host.name)} master ${bridge} up`,
  ]);
  await ipBatch(host, [
    `address add ${host.address}/${network.length} dev eth0`,
    'link set eth0 up',
    `route add default via ${network.switchAddress}`,
  ]);
}

/** Takes the cable out or puts it back. */
export async function setCable(hub: HostRecord, host: HostRecord, state: 'up' | 'down'): Promise<void> {
  await ipBatch(hub, [`link set ${port(host.name)} ${state}`]);
}
