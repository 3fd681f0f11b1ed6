import type { CollectionDefinition, IndexDefinition, ListOptions, Scalar, Where } from './collection.ts';
import { InvalidArgument } from './store-error.ts';

const NAME = /^[a-z][A-Za-z0-9-]{0,62}$/;
const PATH = /^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$/;

/** Ids are 1 to 512 characters of well-formed Unicode without NUL: what every adapter can keep apart. Nothing else is ever stored, so a read of it finds nothing. */
export function isId(id: string): boolean {
  return typeof id === 'string' && id.length > 0 && id.length <= 512 && id.isWellFormed() && !id.includes('\0');
}

/** Before an insert. */
export function checkId(collection: string, id: string): void {
  if (!isId(id)) {
    throw new InvalidArgument(`${collection}: bad id ${JSON.stringify(id)}: give 1 to 512 characters of well-formed Unicode without NUL`);
  }
}

export function checkDefinition(definition: CollectionDefinition<unknown>): void {
  if (!NAME.test(definition.name)) throw new InvalidArgument(`bad collection name ${JSON.stringify(definition.name)}: give a lower-case letter, then letters, digits and "-"`);
  const indexes = definition.indexes ?? [];
  for (const index of indexes) checkIndex(definition.name, index);
  const names = new Set(indexes.map(({ name }) => name));
  if (names.size < indexes.length) throw new InvalidArgument(`${definition.name}: two indexes have the same name`);
}

function checkIndex(collection: string, { name, paths }: IndexDefinition): void {
  if (!NAME.test(name) || name === 'id') throw new InvalidArgument(`${collection}: bad index name ${JSON.stringify(name)}`);
  const bad = paths.find((path) => !PATH.test(path));
  if (bad !== undefined || paths.length === 0) throw new InvalidArgument(`${collection}: index "${name}": bad path ${JSON.stringify(bad)}: give dotted field names like "owner.id"`);
}

/** The index that `where` names, and its values checked. */
export function resolveWhere(definition: Pick<CollectionDefinition<unknown>, 'name' | 'indexes'>, where: Where): { paths: readonly string[]; equals: readonly Scalar[] } {
  const index = definition.indexes?.find(({ name }) => name === where.index);
  if (!index) throw new InvalidArgument(`${definition.name}: no index "${where.index}"`);
  if (where.equals.length === 0 || where.equals.length > index.paths.length) {
    throw new InvalidArgument(`${definition.name}: index "${index.name}" takes 1 to ${index.paths.length} values, got ${where.equals.length}`);
  }
  const bad = where.equals.find((value) => !isScalar(value));
  if (bad !== undefined) throw new InvalidArgument(`${definition.name}: index "${index.name}" cannot compare ${JSON.stringify(bad)}: give a string, a finite number, a boolean or null`);
  return { paths: index.paths.slice(0, where.equals.length), equals: where.equals };
}

export function checkLimit(collection: string, { limit }: ListOptions): void {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) throw new InvalidArgument(`${collection}: bad limit ${limit}: give a whole number from 0`);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
