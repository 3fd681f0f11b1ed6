import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { ownAddress } from './own-address.ts';

const outward = Object.values(networkInterfaces()).flat().filter((one) => one && !one.internal).map((one) => one?.address);

test.each(['nats://127.0.0.1:4223', 'nats://[::1]:4223', 'nats://nobody.invalid:4223'])('towards %s it is an address of this machine that others could reach, or none', async (url) => {
  const address = await ownAddress(url);
  if (outward.length === 0) expect(address).toBeUndefined();
  else expect(outward).toContain(address);
});
