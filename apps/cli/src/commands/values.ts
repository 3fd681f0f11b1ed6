import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../terminal/duration.ts';

export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration such as 500ms, 30s, 2m or 1h.');
  return ms;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

export function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('Expected at least 1.');
  return number;
}

export const fileOption = (): Option => new Option('-f, --file <path...>', 'descriptor: a file, a folder with .json and .yaml files, or - for stdin');
export const waitOption = (what: string): Option => new Option('-w, --wait', `wait until ${what}; patience by --timeout, 60s if not given`);
