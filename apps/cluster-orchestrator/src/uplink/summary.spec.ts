import type { NodeView, Resources, RuntimeStatus } from '@oak/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largest, offerOf } from './summary.ts';

const capabilities = { exec: true, console: true, volumes: true, environment: true, gpu: false, ipv6: true, limits: true, stats: true, pause: true, privileged: false };
const runtime = (virtualization: string, over: Partial<RuntimeStatus> = {}): RuntimeStatus => ({ virtualization, healthy: true, route: 'r', capabilities, probedAtMs: 0, ...over });
const room = (vcpus: number, memoryMiB: number): Resources => ({ vcpus, memoryMiB, storageMiB: 0, vgpus: 0 });
const node = (name: string, free: Resources, runtimes: RuntimeStatus[], over: Partial<NodeView> = {}): NodeView => ({
  name, state: 'active', cordoned: false, runtimes, free, instances: 0, subnets: [],
  description: { hostname: name, arch: 'amd64', kernel: 'k', version: 'v', total: room(8, 8192), csiDrivers: [], addons: [], labels: {} }, ...over,
});
const arbitraryRoom = fc.record({ vcpus: fc.nat(8), memoryMiB: fc.nat(4096), storageMiB: fc.nat(3), vgpus: fc.nat(2) });

test('names are de-duplicated, health is counted, the reason of a failure is kept', () => {
  const offer = offerOf([
    node('n1', room(1, 100), [runtime('runc', { isDefault: true }), runtime('runsc')]),
    node('n2', room(4, 50), [runtime('runc', { isDefault: true }), runtime('runsc', { healthy: false, reason: 'no binary' })]),
  ]);
  expect(offer.runtimes).toEqual([
    { virtualization: 'docker', healthy: 2, unhealthy: 0, reasons: [] },
    { virtualization: 'runc', healthy: 2, unhealthy: 0, reasons: [] },
    { virtualization: 'runsc', healthy: 1, unhealthy: 1, reasons: [{ node: 'n2', reason: 'no binary' }] },
  ]);
  expect(offer.fits.find((fit) => fit.virtualization === 'runsc')?.shapes).toEqual([room(1, 100)]);
  expect(offer.fits.find((fit) => fit.virtualization === 'runc')?.shapes).toEqual([room(1, 100), room(4, 50)]);
});

test('who takes privileged workloads is offered apart, if its runtime can', () => {
  const able = { ...capabilities, privileged: true };
  const open = { ...node('n2', room(1, 50), [runtime('runc', { capabilities: able }), runtime('runsc')]) };
  const offer = offerOf([node('n1', room(1, 100), [runtime('runc', { capabilities: able })]), { ...open, description: { ...open.description, allowsPrivileged: true } }]);
  expect(offer.fits).toEqual([
    { virtualization: 'runc', arch: 'amd64', shapes: [room(1, 100)] },
    { virtualization: 'runc', arch: 'amd64', shapes: [room(1, 50)], allowsPrivileged: true },
    { virtualization: 'runsc', arch: 'amd64', shapes: [room(1, 50)] },
  ]);
});

test('lost, unknown and cordoned nodes are no room', () => {
  const offer = offerOf([
    node('n1', room(1, 1), [runtime('runc')], { state: 'lost' }), node('n2', room(1, 1), [runtime('runc')], { state: 'unknown' }), node('n3', room(1, 1), [runtime('runc')], { cordoned: true }),
  ]);
  expect(offer.fits).toEqual([]);
  expect(offer.free).toEqual(room(0, 0));
  expect(offer.nodes).toEqual({ active: 1, unknown: 1, lost: 1, cordoned: 1 });
});

test('the largest fits promise nothing that no node has, and hide no node but behind a larger one (up to eight)', () => {
  fc.assert(fc.property(fc.array(arbitraryRoom, { maxLength: 12 }), (shapes) => {
    const kept = largest(shapes);
    expect(kept.every((shape) => shapes.some((one) => one === shape))).toBe(true);
    if (kept.length === 8) return;
    for (const shape of shapes) expect(kept.some((big) => big.vcpus >= shape.vcpus && big.memoryMiB >= shape.memoryMiB && big.storageMiB >= shape.storageMiB && big.vgpus >= shape.vgpus)).toBe(true);
  }));
});
