// Compares the .proto files beside this script with containerd's own: `node proto/check-upstream.mjs [api folder] [cgroups folder]`.
// Default: the newest copies in Go's module cache, which are there after containerd was built from source. Names of messages may differ; method
// names, field numbers, field names, types and streaming may not. Exit code 1 and one line for each difference.
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buf } from './buf.mjs';

const here = import.meta.dirname;
const newest = (pattern) => {
  const cache = execFileSync('go', ['env', 'GOMODCACHE']).toString().trim();
  const found = globSync(join(cache, pattern)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (!found) throw new Error(`no ${pattern} in ${cache}: build containerd 2 first, or give the folder as an argument`);
  return found;
};

/** Full name without the leading dot -> message, enum or service. */
function index(folder) {
  const image = JSON.parse(buf(['build', folder, '-o', '-#format=json'], folder));
  const found = new Map();
  const visit = (prefix, scope) => {
    for (const type of [...(scope.messageType ?? []), ...(scope.nestedType ?? []), ...(scope.enumType ?? []), ...(scope.service ?? [])]) {
      found.set(`${prefix}.${type.name}`, type);
      visit(`${prefix}.${type.name}`, type);
    }
  };
  for (const file of image.file) visit(file.package, file);
  return found;
}

function upstreamIndex(api, cgroups) {
  const folder = mkdtempSync(join(tmpdir(), 'oak-protos-'));
  try {
    for (const file of globSync('**/*.proto', { cwd: api })) cpSync(join(api, file), join(folder, file));
    for (const version of [1, 2]) cpSync(join(cgroups, `cgroup${version}/stats/metrics.proto`), join(folder, `cgroups${version}/metrics.proto`));
    // Imported by introspection.proto, shipped with neither.
    mkdirSync(join(folder, 'google/rpc'), { recursive: true });
    writeFileSync(join(folder, 'google/rpc/status.proto'), 'syntax = "proto3";\npackage google.rpc;\nmessage Status {}\n');
    return index(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const faults = [];
const compared = { methods: 0, messages: 0, fields: 0 };
const ours = index(here);
const theirs = upstreamIndex(process.argv[2] ?? newest('github.com/containerd/containerd/api@*'), process.argv[3] ?? newest('github.com/containerd/cgroups/v3@*'));
const seen = new Set();

function compareTypes(own, other) {
  const [a, b] = [own, other].map((name) => name.replace(/^\./, ''));
  if (a.startsWith('google.') || seen.has(`${a} ${b}`)) return a.startsWith('google.') && a !== b ? faults.push(`${a} is ${b} upstream`) : undefined;
  seen.add(`${a} ${b}`);
  const [mine, upstream] = [ours.get(a), theirs.get(b)];
  if (!mine || !upstream) return faults.push(`${a}: no ${b} upstream`);
  compared.messages++;
  for (const value of mine.value ?? []) if (upstream.value[value.number ?? 0]?.number !== value.number) faults.push(`${a}.${value.name}: no such value upstream`);
  for (const field of mine.field ?? []) compareFields(a, field, upstream.field.find(({ number }) => number === field.number));
}

function compareFields(message, field, upstream) {
  compared.fields++;
  const where = `${message}.${field.name} = ${field.number}`;
  if (!upstream) return faults.push(`${where}: no such number upstream`);
  for (const key of ['name', 'type', 'label']) if (field[key] !== upstream[key]) faults.push(`${where}: ${key} is ${upstream[key]} upstream`);
  if (field.typeName && upstream.typeName) compareTypes(field.typeName, upstream.typeName);
}

function compareServices(name, own, upstream) {
  for (const method of own.method) {
    compared.methods++;
    const other = upstream?.method.find((candidate) => candidate.name === method.name);
    if (!other) { faults.push(`${name}.${method.name}: no such method upstream`); continue; }
    for (const key of ['clientStreaming', 'serverStreaming']) if (!!method[key] !== !!other[key]) faults.push(`${name}.${method.name}: ${key} is ${other[key]} upstream`);
    compareTypes(method.inputType, other.inputType);
    compareTypes(method.outputType, other.outputType);
  }
}

for (const [name, own] of ours) if (own.method) compareServices(name, own, theirs.get(name));
for (const [, upstream, own] of readFileSync(join(here, 'payloads.proto'), 'utf8').matchAll(/^\/\/ upstream: (\S+)\nmessage (\w+)/gm)) compareTypes(`ctd.${own}`, upstream);

for (const fault of faults) console.error(fault);
console.log(`${compared.methods} methods, ${compared.messages} types, ${compared.fields} fields compared: ${faults.length} differences`);
process.exitCode = faults.length > 0 ? 1 : 0;
