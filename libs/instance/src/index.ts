export { AssignmentInbox, type AssignmentInboxOptions } from './assignment-inbox.ts';
export { AssignmentBook, type AssignmentBookOptions } from './assignment-book.ts';
export { applyAssignment, completeAssignment, nextAssignment, type Applied, type AssignmentSet } from './assignment-set.ts';
export { isFinal, isPlaced, isRefused, isWaiting, lifecycle, move, type Actor, type Move, type Standing } from './lifecycle.ts';
export { ReportCursor, ReportOutbox, type Heard, type Outgoing, type ReportOutboxOptions } from './report-outbox.ts';
export { nextFailures, restartDelayMs, restartPolicy, type RestartPolicy } from './restart.ts';
