import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import { freeCpu } from './scorers/free-cpu.ts';
import { freeMemory } from './scorers/free-memory.ts';
import { spread } from './scorers/spread.ts';

/**
 * Losing one machine should cost few instances of a microservice: a second one on the same machine (1 becomes 1/2) costs as much as the resources
 * of an empty machine gain over those of a full one.
 */
const weights = { memory: 1, cpu: 1, spread: 4 } as const;
const sum = weights.memory + weights.cpu + weights.spread;

const average = (memory: number, cpu: number, spreading: number): number => (weights.memory * memory + weights.cpu * cpu + weights.spread * spreading) / sum;

/** In [0,1], higher is better. */
export const scoreOf = (candidate: Candidate, demand: Demand): number => average(freeMemory(candidate), freeCpu(candidate), spread(candidate, demand));

/** The highest score that any demand can get here: that of a microservice with no instance on it. */
export const bestScoreOf = (candidate: Candidate): number => average(freeMemory(candidate), freeCpu(candidate), 1);

/** The parts of the score, each in [0,1]. */
export function scoresOf(candidate: Candidate, demand: Demand): Record<keyof typeof weights, number> {
  return { memory: round(freeMemory(candidate)), cpu: round(freeCpu(candidate)), spread: round(spread(candidate, demand)) };
}

/** Four decimals, to be read by people. */
export const round = (score: number): number => Math.round(score * 10_000) / 10_000;
