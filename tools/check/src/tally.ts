/** What vitest's JSON report says of one project. */
export interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function isReport(value: unknown): value is Report {
  const report = value as Partial<Report> | null;
  const counts = [report?.numPassedTests, report?.numFailedTests, report?.numPendingTests, report?.numTodoTests];
  return typeof report?.success === 'boolean' && counts.every(Number.isInteger);
}

/**
 * Sums reports up. A file that failed before any of its tests ran counts as one failed test; when a step failed and no report shows a failure, so does
 * the step. Hence no failed is no failure.
 */
export function tally(reports: readonly Report[], failedSteps: number): Tally {
  const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0);
  const failed = sum(({ success, numFailedTests }) => Math.max(numFailedTests, success ? 0 : 1));
  return { passed: sum(({ numPassedTests }) => numPassedTests), failed: Math.max(failed, failedSteps), skipped: sum((report) => report.numPendingTests + report.numTodoTests) };
}

/** Alone on the last line; read by machines. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
