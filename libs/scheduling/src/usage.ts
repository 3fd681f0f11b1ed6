import type { Resources } from '@oak/contracts';
import type { Candidate, Fit, TakenPort } from './candidate.ts';
import type { Demand } from './demand.ts';
import { matches } from './fits.ts';
import { covers, minus, plus } from './resources.ts';

/** A candidate of our own whose usage is kept up to date in place: copying it at each placement would cost as much as it hosts. */
export interface Ledger extends Candidate {
  free: Resources;
  fits?: readonly Fit[];
  hostPorts: TakenPort[];
  hosts: Record<string, number>;
}

export function ledgerOf(candidate: Candidate): Ledger {
  return { ...candidate, hostPorts: [...candidate.hostPorts], hosts: { ...candidate.hosts } };
}

/** Takes for one instance what it demands. For a cluster's fits this is an estimate until it says anew what fits. */
export function reserve(ledger: Ledger, demand: Demand): void {
  ledger.free = minus(ledger.free, demand.resources);
  if (ledger.fits) ledger.fits = ledger.fits.map((fit) => (matches(fit, demand) ? shrunk(fit, demand.resources) : fit));
  for (const port of demand.hostPorts) ledger.hostPorts.push({ ...port, by: demand.name });
  ledger.hosts[demand.spreadKey] = (ledger.hosts[demand.spreadKey] ?? 0) + 1;
}

/** Gives back what `reserve` took. What fits on a cluster's members only grows when the cluster says so. */
export function release(ledger: Ledger, demand: Demand): void {
  ledger.free = plus(ledger.free, demand.resources, ledger.total);
  for (const { port, protocol } of demand.hostPorts) {
    const at = ledger.hostPorts.findIndex((taken) => taken.port === port && taken.protocol === protocol);
    if (at >= 0) ledger.hostPorts.splice(at, 1);
  }
  const left = (ledger.hosts[demand.spreadKey] ?? 0) - 1;
  if (left > 0) ledger.hosts[demand.spreadKey] = left;
  else delete ledger.hosts[demand.spreadKey];
}

/** The candidate after it took one instance. */
export function committed(candidate: Candidate, demand: Demand): Candidate {
  const ledger = ledgerOf(candidate);
  reserve(ledger, demand);
  return ledger;
}

/** The candidate after one instance left it. */
export function released(candidate: Candidate, demand: Demand): Candidate {
  const ledger = ledgerOf(candidate);
  release(ledger, demand);
  return ledger;
}

/** One member takes it: the first shape that covers it shrinks. */
function shrunk(fit: Fit, taken: Resources): Fit {
  const at = fit.shapes.findIndex((shape) => covers(shape, taken));
  return at < 0 ? fit : { ...fit, shapes: fit.shapes.map((shape, index) => (index === at ? minus(shape, taken) : shape)) };
}
