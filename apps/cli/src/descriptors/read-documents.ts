import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Document, LineCounter } from 'yaml';
import { exitCodes, Failure, type Fault } from '../failure.ts';
import { readStdin } from '../terminal/ask.ts';
import type { World } from '../world.ts';

/** One JSON or YAML document. */
export interface SourceDocument {
  /** The file as it was named, with the document's place in it where there are several. */
  readonly source: string;
  readonly input: unknown;
  /** Of YAML: the line of a field such as `applications[0].port`, or of what is around it when it is missing. */
  readonly lineOf?: (path: string) => number | undefined;
}

/** Root takes no more. */
const sizeLimit = 1 << 20;
const descriptorFile = /\.(json|ya?ml)$/i;

/** Files, folders (their .json, .yaml and .yml files, by name) and `-` for stdin. @throws Failure with every file that can not be read */
export async function readDocuments(world: World, paths: readonly string[]): Promise<SourceDocument[]> {
  const faults: Fault[] = [];
  const documents: SourceDocument[] = [];
  for (const path of paths) {
    for (const file of await filesAt(world, path)) documents.push(...await documentsOf(file, await textOf(world, file), faults));
  }
  if (faults.length > 0) throw new Failure(exitCodes.failed, 'not readable as JSON or YAML:', undefined, faults);
  if (documents.length === 0) throw new Failure(exitCodes.usage, `there is no descriptor in ${paths.join(', ')}`, 'give a file, a folder with .json or .yaml files, or - for stdin');
  return documents;
}

async function filesAt({ cwd }: World, path: string): Promise<string[]> {
  if (path === '-') return [path];
  try {
    if (!(await stat(resolve(cwd, path))).isDirectory()) return [path];
    return (await readdir(resolve(cwd, path))).filter((name) => descriptorFile.test(name)).sort().map((name) => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function textOf(world: World, path: string): Promise<string> {
  if (path === '-') return readStdin(world, sizeLimit);
  try {
    const file = resolve(world.cwd, path);
    if ((await stat(file)).size > sizeLimit) throw new Error(`it is larger than the ${sizeLimit} bytes that root takes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Failure {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return new Failure(missing ? exitCodes.notFound : exitCodes.failed, missing ? `there is no file ${path}` : `${path} can not be read: ${error instanceof Error ? error.message : String(error)}`);
}

async function documentsOf(path: string, text: string, faults: Fault[]): Promise<SourceDocument[]> {
  const source = path === '-' ? 'stdin' : path;
  if (/^\s*[{[]/.test(text)) {
    try {
      return [{ source, input: JSON.parse(text) as unknown }];
    } catch (error) {
      // It may be YAML in flow style. If it is called JSON, it shall be JSON.
      if (/\.json$/i.test(path)) { faults.push({ path: source, message: error instanceof Error ? error.message : String(error) }); return []; }
    }
  }
  return yamlDocuments(source, text, faults);
}

async function yamlDocuments(source: string, text: string, faults: Fault[]): Promise<SourceDocument[]> {
  const { LineCounter, parseAllDocuments } = await import('yaml');
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  const all = 'empty' in parsed ? [] : parsed;
  return all.flatMap((document, at) => {
    const name = all.length > 1 ? `${source}#${at + 1}` : source;
    faults.push(...document.errors.map(({ message }) => ({ path: name, message: message.split('\n')[0]?.replace(/:$/, '') ?? message })));
    if (document.errors.length > 0) return [];
    try {
      const input: unknown = document.toJS();
      return input === null || input === undefined ? [] : [{ source: name, input, lineOf: (field) => lineIn(document, lineCounter, field) }];
    } catch (error) {
      faults.push({ path: name, message: error instanceof Error ? error.message : String(error) });
      return [];
    }
  });
}

function lineIn(document: Document, lines: LineCounter, field: string): number | undefined {
  const steps: (string | number)[] = [...field.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(([, index, quoted, key]) => (index === undefined ? quoted ?? key ?? '' : Number(index)));
  for (; ; steps.pop()) {
    const node: unknown = document.getIn(steps, true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? (node as { range?: readonly number[] | null }).range : undefined;
    if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
    if (steps.length === 0) return undefined;
  }
}
