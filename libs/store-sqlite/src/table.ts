import type { DatabaseSync } from 'node:sqlite';
import type { CollectionDefinition, IndexDefinition } from '@oak/store';

/** Collection names hold neither quotes nor "_" (the port checks them), so this is safe in SQL. */
export function tableOf(collection: string): string {
  return `"c_${collection}"`;
}

/** The value at a dotted path as SQL: text, number, 1/0 for a boolean, NULL for null or nothing. */
export function valueAt(path: string): string {
  return `body ->> '$.${path.split('.').map((field) => `"${field}"`).join('.')}'`;
}

/** Makes the table, drops indexes that are no longer wanted or changed, makes the missing ones. One commit. */
export function createTable(database: DatabaseSync, { name, indexes = [] }: Pick<CollectionDefinition<unknown>, 'name' | 'indexes'>): void {
  const wanted = new Map(indexes.map((index) => [indexName(name, index), indexSql(name, index)]));
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(`CREATE TABLE IF NOT EXISTS ${tableOf(name)} (id TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT`);
    const present = new Map(presentIndexes(database, name));
    for (const [index, sql] of present) if (wanted.get(index) !== sql) database.exec(`DROP INDEX "${index}"`);
    for (const [index, sql] of wanted) if (present.get(index) !== sql) database.exec(sql);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function indexName(collection: string, { name, unique }: IndexDefinition): string {
  return `${unique ? 'u' : 'i'}_${collection}_${name}`;
}

/** A plain index ends in the id, so that a page comes out of the index in order. */
function indexSql(collection: string, index: IndexDefinition): string {
  const columns = [...index.paths.map(valueAt), ...(index.unique ? [] : ['id'])].map((column) => (column === 'id' ? column : `(${column})`));
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX "${indexName(collection, index)}" ON ${tableOf(collection)} (${columns.join(', ')})`;
}

function presentIndexes(database: DatabaseSync, collection: string): [string, string][] {
  const rows = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL").all(`c_${collection}`);
  return rows.map(({ name, sql }) => [String(name), String(sql)]);
}
