/** `rule`: who must refuse it. `code` is linted as if it stood in `file`, which exists. */
export interface Case {
  readonly arrow: string;
  readonly file: string;
  readonly code: string;
  readonly rule: 'arrow' | 'fence' | 'purity';
}

const imports = (specifier: string): string => `import * as it from '${specifier}';\nexport const kept = it;\n`;
const arrow = (name: string, file: string, specifier: string): Case => ({ arrow: name, file, code: imports(specifier), rule: 'arrow' });
const fence = (specifier: string, file: string): Case => ({ arrow: `${specifier} in ${file.split('/').slice(0, 2).join('/')}`, file, code: imports(specifier), rule: 'fence' });

const root = 'apps/root-orchestrator/src/main.ts';
const node = 'apps/node-engine/src/main.ts';
const net = 'apps/net-manager/src/main.ts';
const lib = (name: string): string => `libs/${name}/src/index.ts`;

/** One for each arrow that DESIGN does not draw. */
const arrows: Case[] = [
  arrow('app -> app', root, '../../cluster-orchestrator/src/main.ts'),
  arrow('app -> tool', root, '@oak/lab'),
  arrow('adapter -> adapter', lib('store-sqlite'), '@oak/messaging'),
  arrow('adapter -> app', lib('messaging'), '../../../apps/root-orchestrator/src/main.ts'),
  arrow('adapter -> tool', lib('messaging'), '@oak/lab'),
  arrow('domain -> adapter', lib('store'), '@oak/store-sqlite'),
  arrow('domain -> app', lib('store'), '../../../apps/root-orchestrator/src/main.ts'),
  arrow('domain -> tool', lib('store'), '@oak/lab'),
  arrow('domain -> a foreign package', lib('store'), 'zod'),
  arrow('contract -> domain', lib('contracts'), '@oak/store'),
  arrow('contract -> kernel', lib('contracts'), '@oak/reconcile'),
  arrow('contract -> adapter', lib('contracts'), '@oak/identity'),
  arrow('contract -> a foreign package', lib('contracts'), 'commander'),
  arrow('kernel -> domain', lib('reconcile'), '@oak/store'),
  arrow('kernel -> contract', lib('reconcile'), '@oak/contracts'),
  arrow('kernel -> adapter', lib('reconcile'), '@oak/identity'),
  arrow('kernel -> a foreign package', lib('reconcile'), 'zod'),
  arrow('tool -> app', 'tools/arrows/src/workspace.ts', '../../../apps/root-orchestrator/src/main.ts'),
  arrow('simulation -> an app past its composition', 'tools/simulation/src/world.ts', '../../../apps/root-orchestrator/src/main.ts'),
  arrow('shared -> node', lib('messaging'), '@oak/runtime'),
  arrow('control -> node', root, '@oak/runtime-containerd'),
  arrow('net -> node', net, '@oak/runtime-containerd'),
  arrow('a package that package.json does not name', lib('store-sqlite'), 'execa'),
  arrow('a lib by its path instead of its name', root, '../../../libs/store/src/index.ts'),
];

/** One for each foreign package and a room of every type that may not know it. */
const fences: Case[] = [
  ...['@nestjs/common', 'rxjs', 'rxjs/operators'].flatMap((name) => [lib('store'), lib('store-sqlite'), lib('identity'), lib('runtime-containerd'), lib('net-api'), 'tools/arrows/src/workspace.ts'].map((file) => fence(name, file))),
  ...['mongoose', 'mongodb'].flatMap((name) => [root, lib('store'), lib('store-sqlite'), lib('messaging'), lib('runtime-containerd')].map((file) => fence(name, file))),
  ...[root, node, net, lib('store'), lib('messaging'), lib('store-sqlite')].map((file) => fence('@grpc/grpc-js', file)),
  ...['@nats-io/transport-node', '@nats-io/nats-core'].flatMap((name) => [root, node, net, lib('store'), lib('identity'), lib('store-sqlite'), lib('runtime-containerd'), lib('net-api')].map((file) => fence(name, file))),
  ...[root, node, lib('store'), lib('messaging'), lib('runtime-containerd'), lib('net-api')].map((file) => fence('node:sqlite', file)),
  ...[node, lib('store'), lib('messaging'), 'tools/arrows/src/workspace.ts', 'tools/e2e/src/installation.ts'].map((file) => fence('@oak/root-orchestrator/composition', file)),
  ...['@nestjs/common', '@nats-io/transport-node'].map((specifier) => fence(specifier, 'tools/simulation/src/world.ts')),
];

const impure: readonly (readonly [string, string])[] = [
  ['I/O', imports('node:fs')], ['a timer', 'setTimeout(() => undefined, 1);\n'], ['an interval', 'setInterval(() => undefined, 1);\n'], ['an immediate', 'setImmediate(() => undefined);\n'],
  ['the network', "void fetch('http://localhost');\n"], ['the environment', 'export const kept = process.env;\n'], ['a clock', 'export const kept = Date.now();\n'],
  ['a fine clock', 'export const kept = performance.now();\n'], ['chance', 'export const kept = Math.random();\n'], ['a random id', 'export const kept = crypto.randomUUID();\n'],
];

/** The libraries that decide must not touch the world. */
export const pureLibs = ['sla', 'contracts', 'instance', 'scheduling', 'addressing', 'store', 'reconcile', 'runtime'];
const purity: Case[] = pureLibs.flatMap((name) => impure.map(([what, code]): Case => ({ arrow: `${what} in ${name}`, file: lib(name), code, rule: 'purity' })));

export const badCode: readonly Case[] = [...arrows, ...fences, ...purity];

/** What is drawn must pass, or the refusals above prove nothing. */
export const goodCode: readonly Pick<Case, 'file' | 'code'>[] = [
  ...['@oak/store', '@oak/store-sqlite', '@oak/messaging', '@oak/reconcile', '@oak/contracts', '@nestjs/common'].map((name) => ({ file: root, code: imports(name) })),
  { file: node, code: imports('@oak/runtime-containerd') },
  ...['root-orchestrator', 'cluster-orchestrator', 'node-engine'].map((app) => ({ file: 'tools/simulation/src/world.ts', code: imports(`@oak/${app}/composition`) })),
  { file: lib('store-sqlite'), code: imports('@oak/store') },
  { file: lib('store-sqlite'), code: imports('node:sqlite') },
  { file: lib('messaging'), code: imports('@nats-io/transport-node') },
  { file: lib('messaging'), code: imports('@nestjs/common') },
  { file: lib('runtime-containerd'), code: imports('@grpc/grpc-js') },
  { file: lib('identity'), code: imports('node:fs') },
  { file: lib('contracts'), code: imports('@oak/sla') },
  { file: lib('contracts'), code: imports('zod') },
  { file: 'libs/reconcile/src/real-clock.ts', code: 'export const kept = Date.now();\n' },
];
