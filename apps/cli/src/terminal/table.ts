import stringWidth from 'string-width';

const gap = '  ';

/**
 * Columns aligned by what is seen, not by characters; no borders, so that it can be cut and grepped. By hand: cli-table3 wants 9 s for 5 000 rows, since its
 * cells may span several rows and columns.
 */
export function textTable(head: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const all = head ? [head, ...rows] : rows;
  const widths: number[] = [];
  for (const row of all) row.forEach((cell, at) => { widths[at] = Math.max(widths[at] ?? 0, seen(cell)); });
  return all.map((row) => row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - seen(cell))).join(gap).trimEnd()).join('\n');
}

/** Nearly all cells are plain ASCII, and there are many. */
function seen(cell: string): number {
  return /^[\x20-\x7e]*$/.test(cell) ? cell.length : stringWidth(cell);
}
