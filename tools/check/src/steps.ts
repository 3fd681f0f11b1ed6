/** What can be asked for by `--only`, in the order in which it runs. */
export const stepNames = ['lint', 'typecheck', 'build', 'unit', 'e2e'] as const;
export type StepName = (typeof stepNames)[number];

export interface Step {
  readonly title: string;
  readonly argv: readonly string[];
  /** Relative to the root folder of the repository. */
  readonly cwd: string;
}

const nx = (targets: readonly string[]): string[] => ['nx', 'run-many', '-t', ...targets, '--parallel=2', '--nxBail=false'];

/** Static checks and builds fill both cores together; tests of real daemons come after, and run with nothing beside them. */
export function planSteps(wanted: readonly StepName[]): Step[] {
  const has = (name: StepName) => wanted.includes(name);
  const still = (['lint', 'typecheck', 'build'] as const).filter(has);
  return [
    ...(still.length > 0 ? [{ title: still.join(', '), argv: nx(still), cwd: '.' }] : []),
    ...(has('unit') ? [{ title: 'unit and adapter tests', argv: nx(['test']), cwd: '.' }] : []),
    // The end-to-end tests run bundles, so these are made even when only the tests are asked for; unchanged ones come from the cache.
    ...(has('e2e') && !has('build') ? [{ title: 'build', argv: nx(['build']), cwd: '.' }] : []),
    ...(has('e2e') ? [{ title: 'end-to-end tests', argv: ['vitest', 'run', '--config', '../../vitest.config.ts'], cwd: 'tools/e2e' }] : []),
  ];
}

/** From `--only lint,unit`. @throws Error that names what can be asked for */
export function parseOnly(args: readonly string[]): readonly StepName[] {
  if (args.length === 0) return stepNames;
  const [option, list, ...rest] = args;
  if (option !== '--only' || list === undefined || rest.length > 0) throw new Error(`${args.join(' ')}: the only option is --only ${stepNames.join(',')}`);
  return list.split(',').map((name) => {
    const step = stepNames.find((one) => one === name);
    if (step === undefined) throw new Error(`--only ${name}: known are ${stepNames.join(', ')}`);
    return step;
  });
}
