// Writes TypeScript for net.proto: `node proto/generate.mjs [folder]`, default src/gen. Offline, about a second.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const program = (name, bin) => {
  const manifest = require.resolve(`${name}/package.json`);
  const entry = require(manifest).bin;
  return join(dirname(manifest), typeof entry === 'string' ? entry : entry[bin]);
};

const out = process.argv[2] ?? join(here, '../src/gen');
const opt = [
  'outputServices=grpc-js', 'outputJsonMethods=false', 'env=node', 'esModuleInterop=true', 'importSuffix=.ts', 'enumsAsLiterals=true',
  'unrecognizedEnum=false', 'useExactTypes=false', 'exportCommonSymbols=false', 'annotateFilesWithVersion=false', 'comments=false',
];
rmSync(out, { recursive: true, force: true });
const template = { version: 'v2', plugins: [{ local: [process.execPath, program('ts-proto', 'protoc-gen-ts_proto')], out, opt, strategy: 'all' }] };
execFileSync(process.execPath, [program('@bufbuild/buf', 'buf'), 'generate', here, '--template', JSON.stringify(template)], { cwd: here, stdio: 'inherit' });
