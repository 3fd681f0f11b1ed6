import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint, type Linter } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';
import { badCode, goodCode, pureLibs, type Case } from './bad-code.ts';
import { projects, workspaceRoot } from './workspace.ts';

/** Only the rules that guard boundaries, with the options that the workspace gives them. They read no types, and types would need a minute. */
const boundaryRules = ['@nx/enforce-module-boundaries', 'no-restricted-imports', 'no-restricted-globals', 'no-restricted-properties'];
const eslint = new ESLint({
  cwd: workspaceRoot,
  ruleFilter: ({ ruleId }) => boundaryRules.includes(ruleId),
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});
const rulesOf: Record<Case['rule'], readonly string[]> = {
  arrow: ['@nx/enforce-module-boundaries'],
  fence: ['no-restricted-imports'],
  purity: ['no-restricted-imports', 'no-restricted-globals', 'no-restricted-properties'],
};

async function lint({ file, code }: Pick<Case, 'file' | 'code'>): Promise<Linter.LintMessage[]> {
  const filePath = join(workspaceRoot, file);
  if (!existsSync(filePath)) throw new Error(`${file} is gone: name another file of that project`);
  const results = await eslint.lintText(code, { filePath });
  return results.flatMap(({ messages }) => messages);
}

// The first run reads the configuration and the project graph.
beforeAll(async () => { await lint({ file: 'libs/store/src/index.ts', code: '' }); }, 120_000);

describe('lint refuses', () => {
  test.each(badCode.map((each) => [each.arrow, each] as const))('%s', async (_arrow, each) => {
    const messages = await lint(each);
    expect(messages.filter(({ severity, ruleId }) => severity === 2 && rulesOf[each.rule].includes(ruleId ?? '')).length, JSON.stringify(messages)).toBeGreaterThan(0);
  });
});

describe('lint lets pass', () => {
  test.each(goodCode.map((each) => [`${each.file}: ${each.code.split('\n')[0]}`, each] as const))('%s', async (_what, each) => {
    expect((await lint(each)).filter(({ ruleId, fatal }) => fatal || boundaryRules.includes(ruleId ?? ''))).toEqual([]);
  });
});

describe('every project', () => {
  const types = ['type:app', 'type:tool', 'type:adapter', 'type:domain', 'type:contract', 'type:kernel'];
  const zones = ['zone:shared', 'zone:control', 'zone:node', 'zone:net', 'zone:tool'];

  test.each(projects().map((project) => [project.name, project] as const))('%s has one type and one zone', (_name, { tags, folder }) => {
    expect(tags.filter((tag) => types.includes(tag))).toHaveLength(1);
    expect(tags.filter((tag) => zones.includes(tag))).toHaveLength(1);
    expect(tags).toHaveLength(2);
    expect(tags.includes('type:app')).toBe(folder.startsWith('apps/') && !tags.includes('type:tool'));
    expect(tags.includes('type:tool')).toBe(folder.startsWith('tools/'));
  });

  test('that decides is on the list of the pure ones', () => {
    const deciding = projects().filter(({ tags }) => tags.some((tag) => ['type:domain', 'type:contract', 'type:kernel'].includes(tag)));
    expect(deciding.map(({ folder }) => folder).sort()).toEqual(pureLibs.map((name) => `libs/${name}`).sort());
  });
});
