import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOnly, planSteps, stepNames } from './steps.ts';
import { closingLine, isReport, type Report, tally } from './tally.ts';

const report = (passed: number, failed: number, skipped = 0, success = failed === 0): Report =>
  ({ success, numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: 0 });

describe('tally', () => {
  it.each<[string, Report[], number, string]>([
    ['all good', [report(10, 0), report(5, 0)], 0, '15 passed, 0 failed'],
    ['failed tests', [report(10, 2), report(5, 1)], 1, '15 passed, 3 failed'],
    ['a file that cannot be loaded', [report(10, 0, 0, false)], 1, '10 passed, 1 failed'],
    ['lint fails, the tests do not', [report(10, 0)], 1, '10 passed, 1 failed'],
    ['a project that wrote no report', [], 1, '0 passed, 1 failed'],
    ['skipped tests are not hidden', [report(10, 0, 2)], 0, '10 passed, 0 failed, 2 skipped'],
  ])('%s', (_, reports, failedSteps, line) => {
    expect(closingLine(tally(reports, failedSteps))).toBe(line);
  });

  it('never shows success when anything failed', () => {
    const some = fc.record({ success: fc.boolean(), numPassedTests: fc.nat(9), numFailedTests: fc.nat(3), numPendingTests: fc.nat(3), numTodoTests: fc.nat(3) });
    fc.assert(fc.property(fc.array(some), fc.nat(3), (reports, failedSteps) => {
      const bad = failedSteps > 0 || reports.some(({ success, numFailedTests }) => !success || numFailedTests > 0);
      return tally(reports, failedSteps).failed > 0 === bad;
    }));
  });

  it('takes nothing else for a report', () => {
    expect(isReport(report(1, 0))).toBe(true);
    expect([null, {}, { success: true }, { ...report(1, 0), numFailedTests: '0' }].some(isReport)).toBe(false);
  });
});

describe('steps', () => {
  const titles = (only?: string) => planSteps(parseOnly(only === undefined ? [] : ['--only', only])).map(({ title }) => title);

  it('are all of them by default, real daemons last', () => {
    expect(titles()).toEqual(['lint, typecheck, build', 'unit and adapter tests', 'end-to-end tests']);
  });

  it.each([['lint', ['lint']], ['unit,lint', ['lint', 'unit and adapter tests']], ['e2e', ['build', 'end-to-end tests']]])('--only %s', (only, expected) => {
    expect(titles(only)).toEqual(expected);
  });

  it('refuses what it does not know', () => {
    expect(() => parseOnly(['--only', 'lnt'])).toThrow('--only lnt: known are lint, typecheck, build, unit, e2e');
    expect(() => parseOnly(['--onyl'])).toThrow(`the only option is --only ${stepNames.join(',')}`);
  });
});
