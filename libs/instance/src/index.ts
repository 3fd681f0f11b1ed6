export { AssignmentInbox, type AssignmentInboxOptions } from './assignment-inbox.ts';
export { AssignmentBook, type AssignmentBookOptions } from './assignment-book.ts';
export { isFinal, isPlaced, isRefused, isWaiting, lifecycle, move, type Actor, type Move, type Standing } from './lifecycle.ts';
export { Listing, ReportCursor, ReportOutbox, type Heard, type Outgoing, type ReportOutboxOptions } from './report-outbox.ts';
export { nextFailures, restartDelayMs, restartPolicy, type RestartPolicy } from './restart.ts';
