import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const exec = promisify(execFile);
let netns: string;

/** A machine with a way to 192.0.2.0/24 and one to the rest of the world, as a namespace of its own. */
beforeEach(async () => {
  netns = `oaktest-${randomBytes(4).toString('hex')}`;
  const script = `ip netns add ${netns}; ip -n ${netns} link set lo up
    for one in "near 192.0.2.7/24" "far 198.51.100.7/24" "oak0 10.18.0.1/26"; do set -- $one; ip -n ${netns} link add $1 type bridge; ip -n ${netns} addr add $2 dev $1; ip -n ${netns} link set $1 up; done`;
  await exec('/bin/sh', ['-ec', script]);
});
afterEach(async () => { await exec('ip', ['netns', 'del', netns]); });

async function ownAddress(url: string): Promise<string> {
  const source = `import { ownAddress } from ${JSON.stringify(new URL('own-address.ts', import.meta.url).href)}; console.log(String(await ownAddress(process.argv[1])));`;
  return (await exec('nsenter', [`--net=/run/netns/${netns}`, process.execPath, '--input-type=module', '-e', source, url])).stdout.trim();
}

test('it is the address from which packets to the cluster leave, with and without a scheme', async () => {
  expect(await ownAddress('nats://192.0.2.1:4223')).toBe('192.0.2.7');
  expect(await ownAddress('192.0.2.1:4223')).toBe('192.0.2.7');
});

test('with the cluster on this machine it is that of the default route, never that of another bridge', async () => {
  expect(await ownAddress('nats://127.0.0.1:4223')).toBe('undefined');
  await exec('ip', ['-n', netns, 'route', 'add', 'default', 'via', '198.51.100.1']);
  expect(await ownAddress('nats://127.0.0.1:4223')).toBe('198.51.100.7');
});

test('no way to the cluster, or a name that nobody knows: none yet', async () => {
  expect(await ownAddress('nats://203.0.113.1:4223')).toBe('undefined');
  expect(await ownAddress('nats://nobody.invalid:4223')).toBe('undefined');
});
