import Table from 'cli-table3';

const sides = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'] as const;
const borderless = Object.fromEntries(sides.map((side) => [side, '']));

/** Columns aligned by what is seen, not by characters; no borders, so that it can be cut and grepped. */
export function textTable(head: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  const table = new Table({ chars: borderless, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 } });
  if (head) table.push([...head]);
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}
