// Writes TypeScript for the .proto files beside this script: `node proto/generate.mjs [folder]`, default src/gen. Offline, about a second.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { binaryOf, buf } from './buf.mjs';

const options = [
  'outputServices=generic-definitions', 'outputJsonMethods=false', 'env=node', 'esModuleInterop=true', 'importSuffix=.ts', 'useExactTypes=false',
  // uint64 fields carry "no limit" as 2^64-1, which a number cannot hold.
  'forceLong=bigint',
  // Only what a type stripper can erase, and no version that would change the files with each update of the plugin.
  'enumsAsLiterals=true', 'unrecognizedEnum=false', 'exportCommonSymbols=false', 'annotateFilesWithVersion=false', 'comments=false',
];

const here = import.meta.dirname;
const out = process.argv[2] ?? join(here, '../src/gen');
const plugin = { local: [process.execPath, binaryOf('ts-proto', 'protoc-gen-ts_proto')], out, opt: options, include_imports: true, include_wkt: true, strategy: 'all' };
rmSync(out, { recursive: true, force: true });
buf(['generate', here, '--template', JSON.stringify({ version: 'v2', plugins: [plugin] })], here);
