import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePorts, printPorts } from './ports.ts';
import { arbitraryPorts } from './testing/arbitrary-sla.ts';

describe('port syntax', () => {
  test.each([
    ['', []],
    ['80', [{ hostPort: 80, targetPort: 80, protocol: 'tcp' }]],
    ['80:80/udp', [{ hostPort: 80, targetPort: 80, protocol: 'udp' }]],
    ['6080:60/tcp', [{ hostPort: 6080, targetPort: 60, protocol: 'tcp' }]],
    ['80;80/udp;443:8443', [
      { hostPort: 80, targetPort: 80, protocol: 'tcp' }, { hostPort: 80, targetPort: 80, protocol: 'udp' }, { hostPort: 443, targetPort: 8443, protocol: 'tcp' },
    ]],
    ['50103', [{ hostPort: 50103, targetPort: 50103, protocol: 'tcp' }]],
  ])('%j is read in order', (text, ports) => {
    expect(parsePorts(text)).toEqual({ ok: true, ports });
  });

  test.each([
    ['80:80-80', /not understood/], [' ', /not understood/], ['hello', /not understood/], ['80;', /not understood/], ['-1', /not understood/], ['80/sctp', /not understood/],
    ['0', /port 0 does not exist/], ['80:70000', /port 70000 does not exist/], ['9999999999999999', /not understood/],
    ['80;8080;80:90', /80\/tcp is mapped more than once/], ['50103:53/udp', /reserved.*overlay/], [';'.repeat(1000), /too many/],
  ])('%j is refused', (text, message) => {
    expect(parsePorts(text)).toEqual({ ok: false, faults: expect.arrayContaining([expect.objectContaining({ message: expect.stringMatching(message) as string })]) as unknown });
  });

  test('every faulty entry is named', () => {
    expect(parsePorts('x;80;0')).toMatchObject({ ok: false, faults: [{ message: 'port mapping "x" is not understood' }, { message: 'port 0 does not exist' }] });
  });

  test('what is printed is read again', () => {
    fc.assert(fc.property(arbitraryPorts, (ports) => {
      expect(parsePorts(printPorts(ports))).toEqual({ ok: true, ports });
    }));
  });

  test('any text gets an answer', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      expect(parsePorts(text).ok).toBeTypeOf('boolean');
    }));
  });
});
