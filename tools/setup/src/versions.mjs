/**
 * The first dotted version in a text, e.g. what a program prints of itself.
 * @param {string} text
 * @returns {string | undefined}
 */
export function versionIn(text) {
  return /\d+(?:\.\d+)+/.exec(text)?.[0];
}

/**
 * Compares dotted numbers, e.g. 2.9.10 < 2.12.4. Missing parts count as zero.
 * @param {string} version
 * @param {string} floor
 */
export function atLeast(version, floor) {
  const [have, want] = [version, floor].map((text) => text.split('.').map(Number));
  for (let index = 0; index < Math.max(have?.length ?? 0, want?.length ?? 0); index++) {
    const difference = (have?.[index] ?? 0) - (want?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
