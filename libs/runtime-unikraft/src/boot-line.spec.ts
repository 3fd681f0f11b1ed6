import { RuntimeError } from '@oak/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootLine, type BootLine } from './boot-line.ts';

const network = { ipv4: '10.18.0.5', gatewayIpv4: '10.18.0.1', ipv6: 'fc00::5', gatewayIpv6: 'fc00::1', nameservers: ['10.18.0.1', 'fc00::1'], hostname: 'web-0', searchDomains: ['shop', 'oak'] };
const line = (change: Partial<BootLine>): string => bootLine({ name: 'one', command: [], environment: [], network: undefined, ...change });

test.each<[string, Partial<BootLine>, string]>([
  ['nothing', {}, '--'],
  ['words', { command: ['serve', '--port=80', 'two words', `it's`, 'say "hi"', ''] }, `-- serve --port=80 "two words" "it's" 'say "hi"' ""`],
  ['an environment', { environment: ['A=1', 'B=a b', 'C="'] }, `env.vars=[ "A=1" "B=a b" 'C="' ] --`],
  ['a network', { network, command: ['x'] }, 'netdev.ip=10.18.0.5/32:10.18.0.1:10.18.0.1::web-0:shop env.vars=[ "NETDEV_IP6=fc00::5/128,fc00::1,fc00::1" ] -- x'],
  ['IPv4 alone, without names', { network: { ...network, ipv6: '', gatewayIpv6: '', nameservers: [], searchDomains: [], hostname: '' } }, 'netdev.ip=10.18.0.5/32:10.18.0.1 --'],
])('%s', (_what, change, expected) => { expect(line(change)).toBe(expected); });

test.each<[string, Partial<BootLine>, RegExp]>([
  ['both kinds of quotes', { command: [`"'`] }, /cmd.*quotes/], ['a line feed', { environment: ['A=1\nB=2'] }, /environment.*control/], ['too much', { environment: [`A=${'x'.repeat(5000)}`] }, /50\d\d bytes.*4096/],
])('%s has no spelling', (_what, change, message) => {
  expect(() => line(change)).toThrow(message);
  expect(() => line(change)).toThrow(RuntimeError);
});

test('no word becomes two, and none escapes its quotes', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 6 }), (command) => {
    let text: string;
    try {
      text = line({ command });
    } catch (error) {
      expect(error).toBeInstanceOf(RuntimeError);
      return;
    }
    const words = [...text.slice(2).matchAll(/ (?:"([^"]*)"|'([^']*)'|(\S+))/g)].map(([, double, single, bare]) => double ?? single ?? bare);
    expect(words).toEqual(command);
  }));
});
