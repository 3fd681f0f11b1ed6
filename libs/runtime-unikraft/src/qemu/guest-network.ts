import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { RuntimeError } from '@oak/runtime';
import { z } from 'zod';
import type { GuestAddresses } from '../boot-line.ts';

const exec = promisify(execFile);

/** The wire of a machine: a macvtap on its namespace's eth0. It has eth0's own MAC, and the namespace itself sees no packet any more. */
export interface GuestNetwork {
  readonly addresses: GuestAddresses;
  readonly mac: string;
  readonly mtu: number;
  /** Of the tap's character device: `major:minor`. */
  readonly device: string;
}

const addressesSchema = z.array(z.object({
  mtu: z.number(), address: z.string(), addr_info: z.array(z.object({ family: z.string(), local: z.string(), scope: z.string() })),
}));
const routesSchema = z.array(z.object({ gateway: z.string().optional() }));

const tapName = 'guest0';
/** sysfs shows the devices of the namespace that mounted it. */
const openScript = [
  'ip -j address show dev eth0', 'ip -j route show default', 'ip -j -6 route show default',
  `(ip link show dev ${tapName} >/dev/null 2>&1 || ip link add link eth0 name ${tapName} type macvtap mode passthru)`, `ip link set ${tapName} up`, 'mount -t sysfs sysfs /sys', `cat /sys/class/net/${tapName}/tap*/dev`,
].join(' && ');

/** Makes the machine's wire. @throws RuntimeError failed, with the path of the namespace */
export async function openGuestNetwork(netnsPath: string, signal: AbortSignal): Promise<GuestNetwork> {
  try {
    const { stdout } = await exec('nsenter', [`--net=${netnsPath}`, '--', 'unshare', '--mount', 'sh', '-c', openScript], { signal });
    const [links = '', routes4 = '', routes6 = '', device = ''] = stdout.trim().split('\n');
    const [link] = addressesSchema.parse(JSON.parse(links));
    if (!link) throw new Error('it has no eth0');
    const own = (family: string): string => link.addr_info.find((one) => one.family === family && one.scope === 'global')?.local ?? '';
    const gateway = (routes: string): string => routesSchema.parse(JSON.parse(routes))[0]?.gateway ?? '';
    return { mac: link.address, mtu: link.mtu, device, addresses: { ipv4: own('inet'), gatewayIpv4: gateway(routes4), ipv6: own('inet6'), gatewayIpv6: gateway(routes6) } };
  } catch (error) {
    signal.throwIfAborted();
    const { stderr = '' } = error as { stderr?: string };
    throw new RuntimeError('failed', `network ${netnsPath}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}

/** Unplugs it. A namespace that is gone has taken it along. */
export async function closeGuestNetwork(netnsPath: string): Promise<void> {
  if (await access(netnsPath).then(() => false, () => true)) return;
  await exec('nsenter', [`--net=${netnsPath}`, '--', 'ip', 'link', 'delete', tapName]).catch((error: Error & { stderr?: string }) => {
    const { stderr = error.message } = error;
    if (!/Cannot find device|Invalid argument|No such file/.test(stderr)) throw new RuntimeError('temporary', `network ${netnsPath}: ${stderr}`, { cause: error });
  });
}
