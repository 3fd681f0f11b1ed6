const sizes: Readonly<Record<string, number>> = { ms: 1, s: 1_000, '': 1_000, m: 60_000, h: 3_600_000 };
/** Timers of Node take no more. */
const longestMs = 2_147_483_647;

/** `500ms`, `30s`, `2m`, `1h`; a number alone is seconds. Undefined: it is none of these, or not above zero. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (sizes[unit ?? ''] ?? Number.NaN));
  return ms > 0 && ms <= longestMs ? ms : undefined;
}
