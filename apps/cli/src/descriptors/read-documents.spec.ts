import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AWorld } from '../testing/a-world.ts';
import { readDocuments } from './read-documents.ts';

const read = (files: Readonly<Record<string, string>>, paths: readonly string[], stdin = '') => {
  const place = new AWorld();
  mkdirSync(join(place.home, 'all'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place.home, name), text);
  return readDocuments(place.outside(stdin).world, paths);
};

it.each<[string, Record<string, string>, string[], string, unknown]>([
  ['JSON', { 'a.json': '{"a":1}' }, ['a.json'], '', [{ source: 'a.json', input: { a: 1 } }]],
  ['YAML', { 'a.yaml': 'a: 1\nb: [x]' }, ['a.yaml'], '', [{ source: 'a.yaml', input: { a: 1, b: ['x'] } }]],
  ['several documents, and an empty one', { 'a.yml': '---\na: 1\n---\n---\na: 2\n' }, ['a.yml'], '', [{ source: 'a.yml#1', input: { a: 1 } }, { source: 'a.yml#3', input: { a: 2 } }]],
  ['a folder, by name, descriptors only', { 'all/b.json': '{"b":1}', 'all/a.yaml': 'a: 1', 'all/notes.txt': 'x' }, ['all'], '', [{ source: 'all/a.yaml', input: { a: 1 } }, { source: 'all/b.json', input: { b: 1 } }]],
  ['JSON by stdin', {}, ['-'], '{"a":1}', [{ source: 'stdin', input: { a: 1 } }]],
  ['YAML in flow style', {}, ['-'], '{a: 1}', [{ source: 'stdin', input: { a: 1 } }]],
])('reads %s', async (_what, files, paths, stdin, expected) => {
  expect((await read(files, paths, stdin)).map(({ source, input }) => ({ source, input }))).toEqual(expected);
});

it.each<[string, Record<string, string>, string[], object]>([
  ['a file that is not there', {}, ['no.json'], { exitCode: 3, message: 'there is no file no.json' }],
  ['an empty folder', {}, ['all'], { exitCode: 2 }],
  ['broken JSON', { 'a.json': '{"a":' }, ['a.json'], { exitCode: 1, faults: [{ path: 'a.json' }] }],
  ['broken YAML, with its line', { 'a.yaml': 'a: 1\na: 2' }, ['a.yaml'], { exitCode: 1, faults: [{ path: 'a.yaml', message: 'Map keys must be unique at line 2, column 1' }] }],
  ['every broken file at once', { 'all/a.yaml': 'a: [', 'all/b.yaml': '"' }, ['all'], { exitCode: 1, faults: expect.arrayContaining([expect.objectContaining({ path: 'all/a.yaml' }), expect.objectContaining({ path: 'all/b.yaml' })]) as unknown }],
  ['a few lines that grow to very many', { 'a.yaml': ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[at] ?? ''}`).join(',')}]`)].join('\n') }, ['a.yaml'], { exitCode: 1, faults: [{ path: 'a.yaml' }] }],
  ['more than root takes', { 'a.json': ' '.repeat((1 << 20) + 1) }, ['a.json'], { exitCode: 1 }],
])('refuses %s', async (_what, files, paths, expected) => {
  await expect(read(files, paths)).rejects.toMatchObject(expected);
});

it('knows the line of a field of YAML, and of what is around a field that is missing', async () => {
  const text = ['a: 0', '---', 'sla_version: v2.0', 'applications:', '  - application_name: shop', '    microservices:', '      - microservice_name: web', '        memory: -1', '      - {}'].join('\n');
  const lineOf = (await read({ 'a.yaml': text }, ['a.yaml']))[1]?.lineOf;
  const lines = ['sla_version', 'applications[0].microservices[0].memory', 'applications[0].microservices[0].code', 'applications[0].microservices[1].code', 'applications[0].application_namespace', 'nothing', ''].map((path) => lineOf?.(path));
  expect(lines).toEqual([3, 8, 7, 9, 5, 3, 3]);
});
