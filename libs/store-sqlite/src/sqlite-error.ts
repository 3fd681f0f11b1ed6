import { StoreError, StoreUnavailable, UniqueViolation, type Unavailability } from '@oak/store';

const UNIQUE = 2067;
const PRIMARY_KEY = 1555;
/** SQLite's primary result codes (sqlite3.h): the reason, and what to do about it. */
const UNAVAILABLE: Readonly<Record<number, readonly [Unavailability, string]>> = {
  5: ['locked', 'is in use by another process: stop that one, or give each process its own file'],
  6: ['locked', 'is in use by another process: stop that one, or give each process its own file'],
  8: ['unwritable', 'cannot be written: check the owner and mode of the file and its folder'],
  10: ['damaged', 'cannot be read or written by the disk: check the kernel log'],
  11: ['damaged', 'is damaged: restore a backup'],
  13: ['full', 'cannot grow, the disk or its quota (maxMiB) is full: free some space'],
  14: ['unwritable', 'cannot be opened: check the owner and mode of the file and its folder'],
  26: ['damaged', 'is not a SQLite database: give the store a file of its own'],
};

interface SqliteError extends Error { readonly errcode: number }

/** Runs `access` and turns SQLite's errors into those of the port. */
export function translate<R>(file: string, collection: string, access: () => R): R {
  try {
    return access();
  } catch (error) {
    throw asStoreError(file, collection, error);
  }
}

export function asStoreError(file: string, collection: string, error: unknown): unknown {
  if (error instanceof StoreError || !isSqliteError(error)) return error;
  if (error.errcode === PRIMARY_KEY) return new UniqueViolation(collection, 'id', { cause: error });
  if (error.errcode === UNIQUE) return new UniqueViolation(collection, indexOf(error.message), { cause: error });
  const [reason, remedy] = UNAVAILABLE[error.errcode & 0xff] ?? ['damaged', 'refuses'];
  return new StoreUnavailable(reason, `${file} ${remedy} (SQLite ${error.errcode}: ${error.message})`, { cause: error });
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** `UNIQUE constraint failed: index 'u_nodes_name'`: the last part is our index name, which holds no "_". */
function indexOf(message: string): string {
  return /_([A-Za-z0-9-]+)'$/.exec(message)?.[1] ?? message;
}
