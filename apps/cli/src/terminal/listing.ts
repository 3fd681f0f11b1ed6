import type { Colour, Terminal } from './terminal.ts';

export const outputs = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Output = (typeof outputs)[number];

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  readonly colour?: (row: Row) => Colour | undefined;
}

/** What a listing is made of. A row is the answer's own object, so that JSON keeps the shape of the API. */
export interface Listing<Row> {
  readonly columns: readonly Column<Row>[];
  readonly name: (row: Row) => string;
  readonly body: (row: Row) => unknown;
}

export interface ListingOptions { readonly output: Output; readonly headers: boolean; /** Show the only row as itself instead of a list of one. */ readonly single?: boolean }

export async function printListing<Row>(terminal: Terminal, rows: readonly Row[], listing: Listing<Row>, { output, headers, single = false }: ListingOptions): Promise<void> {
  switch (output) {
    case 'json':
    case 'yaml': {
      const bodies = rows.map((row) => listing.body(row));
      return printBody(terminal, single && bodies.length === 1 ? bodies[0] : bodies, output);
    }
    case 'name':
      return rows.length === 0 ? undefined : terminal.print(rows.map((row) => listing.name(row)).join('\n'));
    case 'table':
    case 'wide':
      return printTable(terminal, rows, listing.columns.filter(({ wide }) => output === 'wide' || !wide), headers);
  }
}

export async function printBody(terminal: Terminal, body: unknown, output: 'json' | 'yaml'): Promise<void> {
  if (output === 'json') return terminal.print(JSON.stringify(body, null, 2));
  const { stringify } = await import('yaml');
  await terminal.write(stringify(body));
}

async function printTable<Row>(terminal: Terminal, rows: readonly Row[], columns: readonly Column<Row>[], headers: boolean): Promise<void> {
  if (rows.length === 0) return;
  const { textTable } = await import('./table.ts');
  const cells = rows.map((row) => columns.map(({ cell, colour }) => {
    const painted = colour?.(row);
    return painted === undefined ? cell(row) : terminal.paint(painted, cell(row));
  }));
  await terminal.print(textTable(headers ? columns.map(({ head }) => head) : undefined, cells));
}
