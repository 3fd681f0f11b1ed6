import nx from '@nx/eslint-plugin';
import ts from 'typescript-eslint';

const pure = ['type:domain', 'type:contract', 'type:kernel'];
const testing = ['vitest', 'fast-check'];
/** DESIGN section 2: anything that is not named here is forbidden. */
const arrows = [
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:adapter', ...pure] },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:tool', 'type:adapter', ...pure] },
  { sourceTag: 'type:adapter', onlyDependOnLibsWithTags: pure },
  { sourceTag: 'type:domain', onlyDependOnLibsWithTags: pure, allowedExternalImports: testing },
  { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:contract'], allowedExternalImports: ['zod', 'fastest-levenshtein', ...testing] },
  { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: ['type:kernel'], allowedExternalImports: testing },
  { sourceTag: 'zone:shared', onlyDependOnLibsWithTags: ['zone:shared'] },
  { sourceTag: 'zone:control', onlyDependOnLibsWithTags: ['zone:control', 'zone:shared'] },
  { sourceTag: 'zone:node', onlyDependOnLibsWithTags: ['zone:node', 'zone:shared'] },
  { sourceTag: 'zone:net', onlyDependOnLibsWithTags: ['zone:net', 'zone:shared'] },
];

/** A foreign package, and the only rooms that may know it. */
const fences = [
  { group: ['@nestjs/*', 'rxjs', 'rxjs/*'], rooms: ['apps/**', 'libs/messaging/**'], message: 'Nest lives in apps and messaging only.' },
  { group: ['mongoose', 'mongodb'], rooms: ['libs/store-mongo/**'], message: 'MongoDB lives in store-mongo only.' },
  { group: ['@grpc/*'], rooms: ['libs/runtime-containerd/**', 'libs/net-api/**'], message: 'gRPC lives in runtime-containerd and net-api only.' },
  { group: ['@nats-io/transport-node', '@nats-io/nats-core'], rooms: ['libs/messaging/**'], message: 'The NATS client lives in messaging only.' },
  { group: ['node:sqlite'], rooms: ['libs/store-sqlite/**'], message: 'SQLite lives in store-sqlite only.' },
  { group: ['@oak/*/composition'], rooms: ['tools/simulation/**'], message: 'Only the simulation composes apps.' },
];
/** The later block of a flat configuration replaces the earlier one, so each room gets the sum of the fences that apply to it. */
const rooms = ['apps', 'tools/simulation', 'libs/messaging', 'libs/store-mongo', 'libs/store-sqlite', 'libs/runtime-containerd', 'libs/net-api'];
const closedTo = (room) => fences.filter((fence) => !room || !fence.rooms.includes(`${room}/**`)).map(({ group, message }) => ({ group, message }));
const fenced = (room) => ({
  files: [room ? `${room}/**/*.ts` : '**/*.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: closedTo(room) }] },
});

/** Domain, contract and kernel libraries: no clock, no random, no I/O. */
const pureLibs = ['sla', 'contracts', 'instance', 'scheduling', 'addressing', 'store', 'reconcile', 'runtime'].map((lib) => `libs/${lib}/src/**/*.ts`);
const purity = {
  files: pureLibs,
  ignores: ['**/*.spec.ts', '**/testing/**', '**/real-clock.ts', '**/docs/**'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'A pure library does no I/O.' }, ...closedTo()] }],
    'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process', 'performance'],
    'no-restricted-properties': ['error', { object: 'Date', property: 'now' }, { object: 'Math', property: 'random' }, { object: 'crypto', property: 'randomUUID' }],
  },
};

export default ts.config(
  { ignores: ['**/dist', '**/node_modules', '**/.nx', '**/gen', '**/fixtures/bad-imports'] },
  ...ts.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: ['^@oak/[a-z-]+/composition$'], depConstraints: arrows, enforceBuildableLibDependency: false, banTransitiveDependencies: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  fenced(),
  ...rooms.map(fenced),
  purity,
  { files: ['**/*.{mjs,js}'], extends: [ts.configs.disableTypeChecked], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
);
