import { describe, expect, test } from 'vitest';
import { probe } from './probe.ts';
import { run, type Run } from './run.ts';
import { overlayMtu } from './underlay.ts';

describe('what a kernel can do', () => {
  test('is tried, in a namespace that goes away', async () => {
    expect(await probe(run)).toEqual({ can: { services: true, guard: true, tunnels: true }, problems: [] });
  });

  test.each([['services', 'table inet'], ['guard', 'table bridge'], ['tunnels', 'vxlan']] as const)('what is missing is said; the rest serves: %s', async (ability, sign) => {
    const lacking: Run = (_program, _args, input = '') => Promise.resolve(input.includes(sign) ? { code: 1, stdout: '', stderr: 'Error: Operation not supported\nmore' } : { code: 0, stdout: '', stderr: '' });
    const { can, problems } = await probe(lacking);
    expect(Object.entries(can).filter(([, is]) => !is).map(([name]) => name)).toEqual([ability]);
    expect(problems).toEqual([expect.stringMatching(/^this kernel can not .*: Error: Operation not supported$/)]);
  });
});

describe('room for packets', () => {
  const link = (ifname: string, mtu: number, flags = ['UP']) => ({ ifname, mtu, flags });
  test.each<[string, unknown[], unknown[], number]>([
    ['the link of the default route', [link('lo', 65_536, ['UP', 'LOOPBACK']), link('eth0', 9000), link('eth1', 1400)], [{ dev: 'eth0' }], 8950],
    ['else the smallest that is up', [link('eth0', 1500), link('eth1', 1400), link('eth2', 1300, [])], [], 1350],
    ['never more than usual without a default route', [link('eth0', 9000)], [], 1450],
    ['our own links tell nothing', [link('oak0', 1000), link('oakvx', 1000), link('oakv0', 1000), link('eth0', 1500)], [], 1450],
    ['a machine without links', [], [], 1450],
    ['IPv6 needs 1280', [link('eth0', 1300)], [{ dev: 'eth0' }], 1280],
  ])('%s', (_, links, routes, mtu) => { expect(overlayMtu(links, routes, 'oak0')).toBe(mtu); });
});
