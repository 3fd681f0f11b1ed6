import { constants } from 'node:os';

const SIGTERM = constants.signals.SIGTERM;

/** `STOPSIGNAL` of an image, by name or number. What is none asks by SIGTERM. */
export function stopSignalNumber(text: string): number {
  const name = text.toUpperCase();
  const signals: Readonly<Record<string, number>> = constants.signals;
  const number = /^\d+$/.test(text) ? Number(text) : (signals[name] ?? signals[`SIG${name}`]);
  return number !== undefined && number > 0 && number <= 64 ? number : SIGTERM;
}
