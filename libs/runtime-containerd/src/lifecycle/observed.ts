import type { Exit, Observed, Phase } from '@oak/runtime';
import { TaskStatus, type Container, type Process } from '../gen/messages.ts';
import { virtualizationLabel, workloadLabels } from './labels.ts';

const phases: Partial<Record<TaskStatus, Phase>> = {
  [TaskStatus.TASK_CREATED]: 'created', [TaskStatus.TASK_RUNNING]: 'running', [TaskStatus.TASK_PAUSED]: 'paused', [TaskStatus.TASK_PAUSING]: 'paused',
  [TaskStatus.TASK_STOPPED]: 'stopped',
  // Its shim does not answer. Silence is not an end.
  [TaskStatus.TASK_UNKNOWN]: 'running',
};

/** A container without a task is stopped, unless it is being started right now. */
export function phaseOf(task: Process | undefined, starting: boolean): Phase {
  if (!task) return starting ? 'created' : 'stopped';
  return phases[task.status] ?? 'created';
}

export function observed({ id, labels, createdAt }: Container, { phase, pid, exit }: { phase: Phase; pid: number | undefined; exit: Exit | undefined }): Observed {
  return {
    id, virtualization: labels[virtualizationLabel] ?? '', labels: workloadLabels(labels), phase, exit,
    pid: phase === 'stopped' ? undefined : pid,
    // A container is made for one life, a moment before it runs.
    startedAtMs: createdAt?.getTime(),
  };
}
