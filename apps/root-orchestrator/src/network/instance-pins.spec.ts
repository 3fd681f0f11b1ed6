import { expect, test } from 'vitest';
import { instancePinFaults, instancePins } from './instance-pins.ts';

const microservice = (...instances: { from?: string; to?: string; start?: string }[]) => ({ addresses: { instances } });

test('an instance takes the address of its place in the range, of both families', () => {
  const pinned = microservice({ from: '2', to: '4', start: '10.30.7.254' }, { start: 'fdff::7:1' });
  expect(instancePins(pinned, 0)).toEqual({ ipv6: 'fdff::7:1' });
  expect(instancePins(pinned, 4)).toEqual({ ipv4: '10.30.8.0', ipv6: 'fdff::7:5' });
  expect(instancePins(pinned, 5)).toEqual({ ipv6: 'fdff::7:6' });
  expect(instancePins({}, 0)).toEqual({});
});

test('what is no number and no address is named', () => {
  expect(instancePinFaults(microservice({ from: 'a', to: '', start: '10.30.7' }))).toEqual([
    { at: 0, field: 'from', value: 'a', message: expect.stringContaining('number') as string },
    { at: 0, field: 'start', value: '10.30.7', message: expect.stringContaining('address') as string },
  ]);
});
