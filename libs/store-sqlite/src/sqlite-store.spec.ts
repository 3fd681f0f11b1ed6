import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable, type CollectionDefinition } from '@oak/store';
import { storeConformance } from '@oak/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteStore, type SqliteOptions } from './sqlite-store.ts';

for (const durability of ['process', 'power'] as const) {
  storeConformance(`sqlite, durability ${durability}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'oak-store-'));
    return Promise.resolve({
      open: () => Promise.resolve(SqliteStore.open(join(folder, 'deep', 'oak.db'), { durability })),
      destroy: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
    });
  });
}

describe('the file', () => {
  const texts: CollectionDefinition<string> = { name: 'texts', parse: String };
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'oak-store-'));
    file = join(folder, 'oak.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const refusal = (path = file, options: SqliteOptions = {}): StoreUnavailable => {
    try {
      void SqliteStore.open(path, options).close();
    } catch (error) {
      if (error instanceof StoreUnavailable) return error;
      throw error;
    }
    throw new Error('the store opened');
  };

  test('belongs to its owner alone, and so does what lies beside it', async () => {
    writeFileSync(file, '', { mode: 0o644 });
    const store = SqliteStore.open(file);
    try {
      await store.collection(texts).insert('a', 'secret');
      const files = readdirSync(folder);
      expect(files).toContain('oak.db-wal');
      for (const name of files) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    } finally {
      await store.close();
    }
    expect(readdirSync(folder)).toEqual(['oak.db']);
  });

  test('a second store on it is refused while the first is open', async () => {
    const store = SqliteStore.open(file);
    try {
      expect(refusal(file, { lockWaitMs: 0 })).toMatchObject({ reason: 'locked', kind: 'temporary' });
      expect(refusal(file, { lockWaitMs: 0 }).message).toContain(`${file} is in use by another process`);
    } finally {
      await store.close();
    }
    await SqliteStore.open(file).close();
  });

  test('survives kill -9 of its process with every acknowledged write', async () => {
    const writer = new URL('testing/endless-writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = 0;
    try {
      child.stdout.on('data', (chunk: Buffer) => { acknowledged = Number(chunk.toString().trim().split('\n').at(-1)); });
      await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(500);
      expect(refusal(file, { lockWaitMs: 0 })).toMatchObject({ reason: 'locked' });
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    const store = SqliteStore.open(file);
    try {
      expect(await store.collection(texts).count()).toBeGreaterThanOrEqual(acknowledged);
    } finally {
      await store.close();
    }
  });

  test('a path that cannot be written names itself', () => {
    writeFileSync(file, '');
    expect(refusal(join(file, 'below'))).toMatchObject({ reason: 'unwritable', kind: 'failed' });
    expect(refusal(folder).message).toContain(`cannot write the store file ${folder}`);
  });

  test('a file of a later version, of another program or of garbage is left alone', () => {
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE theirs (x)');
    expect(refusal().message).toContain('another program');
    database.exec('DROP TABLE theirs; PRAGMA application_id = 0x6f616b31; PRAGMA user_version = 99');
    database.close();
    expect(refusal()).toMatchObject({ reason: 'newer' });
    writeFileSync(file, 'x'.repeat(10_000));
    expect(refusal()).toMatchObject({ reason: 'damaged' });
  });

  test('a full store refuses the write, keeps what it has and goes on reading', async () => {
    const store = SqliteStore.open(file, { maxMiB: 1 });
    try {
      const collection = store.collection(texts);
      await collection.insert('a', 'small');
      const big = 'x'.repeat(2_000_000);
      await expect(collection.insert('b', big)).rejects.toMatchObject({ reason: 'full', kind: 'temporary' });
      await expect(collection.writeAll([{ kind: 'insert', id: 'c', body: 'small' }, { kind: 'insert', id: 'd', body: big }])).rejects.toMatchObject({ reason: 'full' });
      expect((await collection.list()).map(({ id }) => id)).toEqual(['a']);
      await collection.insert('e', 'small');
    } finally {
      await store.close();
    }
  });

  test('duplicates from before a unique index came are named', async () => {
    const store = SqliteStore.open(file);
    try {
      const loose = store.collection<{ n: number }>({ name: 'numbers', parse: (input) => input as { n: number } });
      await loose.insertMany([{ id: 'a', body: { n: 1 } }, { id: 'b', body: { n: 1 } }]);
    } finally {
      await store.close();
    }
    const again = SqliteStore.open(file);
    try {
      const strict = { name: 'numbers', parse: Number, indexes: [{ name: 'n', paths: ['n'], unique: true }] };
      expect(() => again.collection(strict)).toThrow(expect.objectContaining({ name: 'UniqueViolation', collection: 'numbers', index: 'n' }));
    } finally {
      await again.close();
    }
  });
});
