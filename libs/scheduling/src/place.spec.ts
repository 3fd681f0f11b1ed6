import { explanationSchema, verdictSchema } from '@oak/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import { explainEach } from './explain-each.ts';
import { place } from './place.ts';
import { refusalReasons } from './refusal-reason.ts';
import { arbitraryCandidate, arbitraryCandidates, arbitraryDemand, arbitraryRefusals, modest, roomy } from './testing/arbitrary-placement.ts';
import { committed } from './usage.ts';

const little = { vcpus: 0.5, memoryMiB: 100, storageMiB: 5, vgpus: 0 };
const large = { vcpus: 1, memoryMiB: 512, storageMiB: 100, vgpus: 1 };
const refusals: [keyof typeof refusalReasons, Partial<Candidate>, Partial<Demand>, string][] = [
  ['not-pinned', {}, { pins: ['n7', 'n8'] }, 'is not among those allowed (n7, n8)'],
  ['not-pinned', {}, { pins: [] }, 'is not among those allowed (the constraints contradict each other)'],
  ['cordoned', { cordoned: true }, {}, 'is cordoned'],
  ['stale', { stale: true }, {}, 'has not been heard lately'],
  ['runtime-unknown', {}, { virtualization: 'runsc' }, 'lacks runtime runsc (not installed)'],
  ['runtime-unknown', {}, { virtualization: 'constructor' }, 'lacks runtime constructor (not installed)'],
  ['runtime-unhealthy', { runtimes: { runsc: { available: false, reason: 'shim not found' } } }, { virtualization: 'runsc' }, 'has runtime runsc, but it does not work (shim not found)'],
  ['arch-mismatch', {}, { archs: ['arm64', 'arm/v7'] }, 'has another architecture (needs arm64 or arm/v7, has amd64)'],
  ['arch-mismatch', { fits: [] }, {}, 'has another architecture (needs any, has no machine ready for docker)'],
  ['privileged-refused', {}, { privileged: true }, 'takes no privileged workloads in runtime docker (see allow_privileged in node.toml)'],
  ['csi-driver-missing', {}, { csiDrivers: ['nfs'] }, 'lacks CSI driver nfs'],
  ['addon-missing', { addons: ['a'] }, { addons: ['a', 'b'] }, 'lacks addon b'],
  ['port-taken', { hostPorts: [{ port: 8080, protocol: 'tcp', by: 'shop.web' }] }, { hostPorts: [{ port: 80, protocol: 'tcp' }, { port: 8080, protocol: 'tcp' }] }, 'has port 8080/tcp taken by shop.web'],
  ['vcpus-exhausted', { free: little }, {}, 'is out of CPU (needs 1 cores, has 0.5)'],
  ['memory-exhausted', { free: { ...little, vcpus: 1 } }, {}, 'is out of memory (needs 512 MiB, has 100)'],
  ['storage-exhausted', { free: { ...large, storageMiB: 5 } }, { resources: large }, 'is out of storage (needs 100 MiB, has 5)'],
  ['vgpus-exhausted', {}, { resources: large }, 'is out of GPUs (needs 1, has 0)'],
];

describe('a refusal has a reason and a text', () => {
  test.each(refusals)('%s', (reason, candidate, demand, text) => {
    expect(explainEach(modest(demand), [roomy('n1', candidate)])).toEqual([{ id: 'n1', name: 'n1', fits: false, reason, text }]);
    expect(place(modest(demand), [roomy('n1', candidate)]).explanation).toMatchObject({ filtered: [{ reason, count: 1, text, examples: ['n1'] }], summary: `0 of 1 node can take it: 1 ${text}` });
  });

  test('already-refused', () => {
    const alreadyRefused = new Map([['n1', 'its disk is full']]);
    expect(explainEach(modest(), [roomy('n1')], { alreadyRefused })).toEqual([{ id: 'n1', name: 'n1', fits: false, reason: 'already-refused', text: 'handed it back (its disk is full)' }]);
  });

  test('every reason is tried here', () => {
    expect(new Set([...refusals.map(([reason]) => reason), 'already-refused'])).toEqual(new Set(Object.keys(refusalReasons)));
  });

  test('a privileged one goes to a node that takes it in this runtime', () => {
    const takes = roomy('n2', { runtimes: { docker: { available: true, allowsPrivileged: true }, runc: { available: true } } });
    expect(place(modest({ privileged: true }), [roomy('n1'), takes]).chosen).toBe('n2');
    expect(place(modest({ privileged: true, virtualization: 'runc' }), [takes]).chosen).toBeUndefined();
  });

  test('a port of the other protocol is free', () => {
    const taken = roomy('n1', { hostPorts: [{ port: 53, protocol: 'tcp', by: 'x' }] });
    expect(place(modest({ hostPorts: [{ port: 53, protocol: 'udp' }] }), [taken]).chosen).toBe('n1');
  });

  test('who needs nothing of a resource gets it even where it is overdrawn', () => {
    const free = { vcpus: 0, memoryMiB: -5, storageMiB: 0, vgpus: 0 };
    expect(place(modest({ resources: { vcpus: 0, memoryMiB: 0, storageMiB: 0, vgpus: 0 } }), [roomy('n1', { free })]).chosen).toBe('n1');
  });
});

describe('the summary', () => {
  const runsc = modest({ virtualization: 'runsc' });
  const withRunsc = (id: string, changes: Partial<Candidate> = {}) => roomy(id, { runtimes: { runsc: { available: true } }, ...changes });

  test('when nobody can take it', () => {
    const { chosen, explanation } = place(runsc, [roomy('n1'), roomy('n2'), withRunsc('n3', { free: { ...little, vcpus: 4 } })]);
    expect(chosen).toBeUndefined();
    expect(explanation.summary).toBe('0 of 3 nodes can take it: 2 lack runtime runsc (not installed), 1 is out of memory (needs 512 MiB, has 100)');
    expect(explanation.exhausted).toEqual([{ resource: 'memoryMiB', needed: 512, bestHad: 100, count: 1 }]);
  });

  test('when somebody can', () => {
    expect(place(runsc, [roomy('n1'), withRunsc('n2')]).explanation.summary).toBe('n2 is the best: 1 of 2 nodes can take it: 1 lacks runtime runsc (not installed)');
  });

  test('when nobody is there', () => {
    expect(place(runsc, []).explanation.summary).toBe('there is no node to ask');
    expect(place({ ...runsc, tier: 'cluster' }, []).explanation.summary).toBe('there is no cluster to ask');
  });

  test('several with facts of their own: one is the example', () => {
    const broken = (id: string, reason: string) => roomy(id, { runtimes: { runsc: { available: false, reason } } });
    expect(place(runsc, [broken('n2', 'exit 1'), broken('n1', 'no shim')]).explanation.summary).toBe('0 of 2 nodes can take it: 2 have runtime runsc, but it does not work (n1: no shim)');
    const short = (id: string, memoryMiB: number) => roomy(id, { free: { ...large, memoryMiB } });
    const { summary, exhausted } = place(modest(), [short('n1', 100), short('n2', 200)]).explanation;
    expect(summary).toBe('0 of 2 nodes can take it: 2 are out of memory (needs 512 MiB, n1 has 100)');
    expect(exhausted).toEqual([{ resource: 'memoryMiB', needed: 512, bestHad: 200, count: 2 }]);
  });

  test('every short resource of a candidate is counted', () => {
    expect(place(modest({ resources: large }), [roomy('n1', { free: little })]).explanation.exhausted.map(({ resource }) => resource)).toEqual(['vcpus', 'memoryMiB', 'storageMiB', 'vgpus']);
  });
});

describe('scores', () => {
  test('the emptier one is better, and equals are decided by id', () => {
    const busy = roomy('n0', { free: { vcpus: 2, memoryMiB: 2048, storageMiB: 0, vgpus: 0 } });
    const { chosen, explanation } = place(modest(), [roomy('n2'), busy, roomy('n1')]);
    expect(chosen).toBe('n1');
    expect(explanation.top).toEqual([
      { id: 'n1', name: 'n1', score: 1, scores: { memory: 1, cpu: 1, spread: 1 } },
      { id: 'n2', name: 'n2', score: 1, scores: { memory: 1, cpu: 1, spread: 1 } },
      { id: 'n0', name: 'n0', score: 0.8333, scores: { memory: 0.5, cpu: 0.5, spread: 1 } },
    ]);
  });

  test('instances of one microservice are spread before resources count', () => {
    const busy = roomy('busy', { free: { vcpus: 1, memoryMiB: 600, storageMiB: 0, vgpus: 0 } });
    let nodes = [roomy('idle'), busy, roomy('other')];
    const order = Array.from({ length: 4 }, () => {
      const { chosen } = place(modest(), nodes);
      nodes = nodes.map((node) => (node.id === chosen ? committed(node, modest()) : node));
      return chosen;
    });
    expect(order).toEqual(['idle', 'other', 'busy', 'idle']);
  });
});

describe('clusters', () => {
  const sum = { vcpus: 100, memoryMiB: 100_000, storageMiB: 0, vgpus: 0 };
  const cluster = (shapes: { vcpus: number; memoryMiB: number }[]) => roomy('c1', {
    total: sum, free: sum, fits: [{ virtualization: 'docker', arch: 'amd64', shapes: shapes.map((shape) => ({ ...shape, storageMiB: 0, vgpus: 0 })) }],
  });
  const ask = (candidate: Candidate, changes: Partial<Demand> = {}) => place(modest({ tier: 'cluster', ...changes }), [candidate]);

  test('a sum over nodes promises nothing: one node must hold it', () => {
    const decision = ask(cluster([{ vcpus: 8, memoryMiB: 256 }, { vcpus: 0.5, memoryMiB: 4096 }]));
    expect(decision.explanation.summary).toMatch(/0 of 1 cluster can take it: 1 is out of (CPU|memory)/);
    expect(ask(cluster([{ vcpus: 8, memoryMiB: 256 }, { vcpus: 1, memoryMiB: 512 }])).chosen).toBe('c1');
  });

  test('the shape must be of a machine with the wanted architecture', () => {
    expect(ask(cluster([{ vcpus: 8, memoryMiB: 4096 }]), { archs: ['arm64'] }).explanation.filtered).toMatchObject([{ reason: 'arch-mismatch', text: 'has another architecture (needs arm64, has amd64)' }]);
  });

  test('a privileged one needs a member that takes it, on a wanted architecture', () => {
    const { fits = [], ...rest } = cluster([{ vcpus: 8, memoryMiB: 4096 }]);
    const [amd64] = fits;
    const mixed = { ...rest, fits: [amd64!, { ...amd64!, arch: 'arm64', allowsPrivileged: true }] };
    expect(ask(mixed, { privileged: true }).chosen).toBe('c1');
    expect(ask(mixed, { privileged: true, archs: ['amd64'] }).explanation.filtered).toMatchObject([{ reason: 'privileged-refused' }]);
    expect(ask({ ...rest, fits }, { privileged: true }).chosen).toBeUndefined();
    expect(ask({ ...rest, fits }).chosen).toBe('c1');
  });

  test('one member is charged for what is placed', () => {
    const after = committed(cluster([{ vcpus: 1, memoryMiB: 512 }]), modest());
    expect(ask(after).explanation.filtered).toMatchObject([{ reason: 'vcpus-exhausted' }]);
    expect(after.free).toMatchObject({ vcpus: 99, memoryMiB: 99_488 });
  });
});

describe('for any candidates and demand', () => {
  const anything = [arbitraryDemand, arbitraryCandidates(), arbitraryRefusals] as const;

  test('the chosen one is the best of those that pass every filter', () => {
    fc.assert(fc.property(...anything, (demand, candidates, alreadyRefused) => {
      const { chosen, explanation } = place(demand, candidates, { alreadyRefused });
      const able = explainEach(demand, candidates, { alreadyRefused }).filter(({ fits }) => fits);
      expect(able.some(({ id }) => id === chosen)).toBe(able.length > 0);
      const best = Math.max(...able.map(({ score }) => score!));
      if (able.length > 0) expect(explanation.top[0]).toMatchObject({ id: chosen, score: best });
    }));
  });

  test('nothing is placed beyond what there is', () => {
    fc.assert(fc.property(fc.array(arbitraryDemand, { maxLength: 20 }), arbitraryCandidates(4), (demands, candidates) => {
      const left = new Map(candidates.map((candidate) => [candidate.id, candidate]));
      for (const demand of demands) {
        const { chosen } = place(demand, left.values());
        if (chosen !== undefined) left.set(chosen, committed(left.get(chosen)!, demand));
      }
      for (const { fits, free, hostPorts } of left.values()) {
        const shapes = fits ? fits.flatMap((fit) => fit.shapes) : [free];
        expect(Math.min(0, ...shapes.flatMap((shape) => Object.values(shape)))).toBe(0);
        expect(new Set(hostPorts.map(({ port, protocol }) => `${port}/${protocol}`)).size).toBe(hostPorts.length);
      }
    }));
  });

  test('their order does not matter', () => {
    const pairs = arbitraryCandidates().chain((candidates) => fc.tuple(fc.constant(candidates), fc.shuffledSubarray(candidates, { minLength: candidates.length })));
    fc.assert(fc.property(arbitraryDemand, pairs, arbitraryRefusals, (demand, [candidates, shuffled], alreadyRefused) => {
      expect(place(demand, shuffled, { alreadyRefused })).toEqual(place(demand, candidates, { alreadyRefused }));
    }));
  });

  test('one more candidate never makes it impossible', () => {
    fc.assert(fc.property(...anything, arbitraryCandidate('n99'), (demand, candidates, alreadyRefused, another) => {
      const before = place(demand, candidates, { alreadyRefused }).chosen;
      const after = place(demand, [...candidates, another], { alreadyRefused }).chosen;
      expect([before, 'n99'].includes(after)).toBe(true);
    }));
  });

  test('all are accounted for, and the answer keeps the contract', () => {
    fc.assert(fc.property(...anything, (demand, candidates, alreadyRefused) => {
      const { explanation } = place(demand, candidates, { alreadyRefused });
      const verdicts = explainEach(demand, candidates, { alreadyRefused });
      expect(explanation.evaluated).toBe(candidates.length);
      expect(explanation.filtered.reduce((sum, { count }) => sum + count, 0)).toBe(verdicts.filter(({ fits }) => !fits).length);
      expect(explanationSchema.parse(JSON.parse(JSON.stringify(explanation)))).toEqual(explanation);
      for (const verdict of verdicts) expect(verdictSchema.parse(verdict)).toEqual(verdict);
    }));
  });

  test('nothing that is given is changed', () => {
    fc.assert(fc.property(...anything, (demand, candidates, alreadyRefused) => {
      const before = structuredClone(candidates);
      place(demand, candidates, { alreadyRefused });
      candidates.forEach((candidate) => committed(candidate, demand));
      expect(candidates).toEqual(before);
    }));
  });
});

test('the answer stays small', () => {
  const candidates = Array.from({ length: 500 }, (_, index) => roomy(`${index}-${'x'.repeat(500)}`, { runtimes: { docker: { available: false, reason: 'y'.repeat(5000) } } }));
  const { explanation } = place(modest({ pins: undefined }), candidates);
  expect(explanationSchema.parse(explanation)).toEqual(explanation);
  expect(JSON.stringify(explanation).length).toBeLessThan(4000);
});
