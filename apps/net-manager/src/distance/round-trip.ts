import { connect } from 'node:net';
import type { Clock } from '@oak/reconcile';

const port = 1;

/**
 * How long a packet takes to the node with this address and back, in ms. Nobody listens there: the node's kernel refuses a call that comes through a tunnel by itself, so no process of either side adds to it.
 * Undefined: no refusal came in time.
 */
export function roundTrip(address: string, clock: Clock, timeoutMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const from = clock.monotonic();
    const socket = connect({ host: address, port });
    const end = (ms: number | undefined): void => {
      cancel();
      socket.destroy();
      resolve(ms);
    };
    const cancel = clock.after(timeoutMs, () => { end(undefined); });
    socket.once('connect', () => { end(clock.monotonic() - from); });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => { end(code === 'ECONNREFUSED' ? clock.monotonic() - from : undefined); });
  });
}
