/** Text of others in one line, without what could steer a terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
}

const units = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000]] as const;

/** `45s`, `3m`, `5h`, `12d`: the largest whole unit. */
export function age(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms >= each) ?? units[3];
  return `${Math.max(0, Math.floor(ms / size))}${unit}`;
}

/** From seconds since 1970, as Oakestra gives times. */
export function since(now: number, seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '-' : age(now - seconds * 1000);
}

export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '-';
  return ms < 10_000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;
}

export function mebibytes(mib: number): string {
  return mib < 10_240 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** At most two digits behind the point. */
export function amount(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function orDash(text: string | null | undefined): string {
  return text === null || text === undefined || text === '' ? '-' : plain(text);
}

/** `1 instance`, `3 instances` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
