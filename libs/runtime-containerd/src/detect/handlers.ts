import { parse, TomlError } from 'smol-toml';

/** A runtime that an operator has configured in containerd. */
export interface Handler {
  /** As descriptors ask for it: runc, runsc, ... */
  readonly name: string;
  readonly runtimeType: string;
  readonly binaryName: string | undefined;
  /** Configuration file of the shim. */
  readonly configPath: string | undefined;
  readonly typeUrl: string | undefined;
  /** The shim's own file, where the operator named one instead of leaving it to the PATH. */
  readonly runtimePath: string | undefined;
  readonly isDefault: boolean;
}

export interface ConfigFile { readonly path: string; readonly text: string }
export interface ParsedHandlers { readonly handlers: readonly Handler[]; /** What could not be read, for people. */ readonly problems: readonly string[] }

type Table = Readonly<Record<string, unknown>>;

const runc: Handler = { name: 'runc', runtimeType: 'io.containerd.runc.v2', binaryName: undefined, configPath: undefined, typeUrl: undefined, runtimePath: undefined, isDefault: false };

/**
 * Handlers from containerd's configuration, all spellings: the section's name moved between versions (`cri`, `io.containerd.grpc.v1.cri`,
 * `io.containerd.cri.v1.runtime`), what is in it did not. Later files win. Without any, containerd itself has runc, and runc is always there.
 */
export function parseHandlers(files: readonly ConfigFile[]): ParsedHandlers {
  const problems: string[] = [];
  const found = new Map<string, Handler>([['runc', runc]]);
  let defaultName = 'runc';
  for (const { path, text } of files) {
    const root = parseToml(path, text, problems);
    for (const containerd of containerdSections(root)) {
      for (const [name, runtime] of Object.entries(tableOf(containerd['runtimes']))) {
        const handler = handlerOf(name, tableOf(runtime));
        if (handler) found.set(name, handler);
        else problems.push(`${path}: runtime "${name}" has no runtime_type`);
      }
      if (typeof containerd['default_runtime_name'] === 'string' && containerd['default_runtime_name'] !== '') defaultName = containerd['default_runtime_name'];
    }
  }
  if (!found.has(defaultName)) { problems.push(`default_runtime_name "${defaultName}" is not configured; runc is taken`); defaultName = 'runc'; }
  return { handlers: [...found.values()].map((handler) => ({ ...handler, isDefault: handler.name === defaultName })), problems };
}

/** Other files that this one includes, as globs. */
export function importsOf({ path, text }: ConfigFile): string[] {
  const imports = parseToml(path, text, [])['imports'];
  return Array.isArray(imports) ? imports.filter((one) => typeof one === 'string') : [];
}

function parseToml(path: string, text: string, problems: string[]): Table {
  try {
    return parse(text);
  } catch (error) {
    const line = error instanceof TomlError ? `:${error.line}` : '';
    problems.push(`${path}${line}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    return {};
  }
}

/** `plugins.<any>.containerd`, also where dots in the plugin's name made nested tables. */
function containerdSections(root: Table): Table[] {
  const walk = (table: Table, depth: number): Table[] => Object.entries(table).flatMap(([key, value]) => {
    if (!isTable(value)) return [];
    return key === 'containerd' && ('runtimes' in value || 'default_runtime_name' in value) ? [value] : depth > 0 ? walk(value, depth - 1) : [];
  });
  return walk(tableOf(root['plugins']), 5);
}

function handlerOf(name: string, runtime: Table): Handler | undefined {
  const options = tableOf(runtime['options']);
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const runtimeType = text(runtime['runtime_type']);
  if (runtimeType === undefined) return undefined;
  return { name, runtimeType, binaryName: text(options['BinaryName']), configPath: text(options['ConfigPath']), typeUrl: text(options['TypeUrl']), runtimePath: text(runtime['runtime_path']), isDefault: false };
}

function tableOf(value: unknown): Table {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
