// Writes TypeScript for the .proto files beside this script: `node proto/generate.mjs [folder]`, default src/gen. Offline, about a second.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const binary = (name) => {
  const path = require.resolve(`${name}/package.json`);
  const { bin } = require(path);
  return join(dirname(path), typeof bin === 'string' ? bin : bin[name.split('/').at(-1)] ?? bin['protoc-gen-ts_proto']);
};

const options = [
  'outputServices=generic-definitions', 'outputJsonMethods=false', 'env=node', 'esModuleInterop=true', 'importSuffix=.ts',
  // uint64 fields carry "no limit" as 2^64-1, which a number cannot hold.
  'forceLong=bigint',
  'enumsAsLiterals=true', 'useExactTypes=false', 'unrecognizedEnum=false', 'exportCommonSymbols=false', 'annotateFilesWithVersion=false', 'comments=false',
];

const out = process.argv[2] ?? join(here, '../src/gen');
rmSync(out, { recursive: true, force: true });
const template = {
  version: 'v2',
  plugins: [{ local: [process.execPath, binary('ts-proto')], out, opt: options, include_imports: true, include_wkt: true, strategy: 'all' }],
};
execFileSync(process.execPath, [binary('@bufbuild/buf'), 'generate', here, '--template', JSON.stringify(template)], { cwd: here, stdio: 'inherit' });
