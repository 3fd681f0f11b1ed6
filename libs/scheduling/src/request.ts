import type { Demand } from './demand.ts';

export interface PlaceOptions {
  /** Candidates that are not asked again, with the reason that they gave: id -> reason. */
  readonly alreadyRefused?: ReadonlyMap<string, string>;
}

export interface Request {
  readonly demand: Demand;
  readonly alreadyRefused: ReadonlyMap<string, string>;
}

const nobody: ReadonlyMap<string, string> = new Map();

export function requestOf(demand: Demand, { alreadyRefused = nobody }: PlaceOptions): Request {
  return { demand, alreadyRefused };
}
