import { isRecord, printPath, violation, type Path, type Violation, type Warning } from './violation.ts';

/**
 * Rules that span several fields. They read input that may still be wrong elsewhere, so that a descriptor's faults are all told at once.
 */
export function slaViolations(known: unknown): Violation[] {
  const applications = entries(known, 'applications', []);
  return [
    ...repeated(applications, 'application'),
    ...applications.flatMap(({ value, path }) => {
      const microservices = entries(value, 'microservices', path);
      return [...repeated(microservices, 'microservice'), ...microservices.flatMap((entry) => microserviceViolations(entry.value, entry.path))];
    }),
  ];
}

export function microserviceViolations(known: unknown, path: Path): Violation[] {
  if (!isRecord(known) || !isUnikernel(known) || typeof known['code'] !== 'string' || !Array.isArray(known['arch'])) return [];
  const artifacts = known['code'].split(',').length;
  const archs = known['arch'].length;
  if (artifacts === 1 || archs === 0 || artifacts === archs) return [];
  return [violation([...path, 'code'], known['code'], `names ${artifacts} kernels for ${archs} architectures`, 'give one for each entry of arch, in the same order')];
}

/** Fills in what has a default only together with other fields, in place: the input is our own copy. */
export function completeSla(known: unknown): Warning[] {
  return entries(known, 'applications', []).flatMap(({ value, path }) =>
    entries(value, 'microservices', path).flatMap((entry) => completeMicroservice(entry.value, entry.path)));
}

export function completeMicroservice(known: unknown, path: Path): Warning[] {
  if (!isRecord(known)) return [];
  const warnings: Warning[] = [];
  if (isUnikernel(known) && (known['arch'] === undefined || (Array.isArray(known['arch']) && known['arch'].length === 0))) {
    known['arch'] = ['amd64'];
    warnings.push({ path: printPath([...path, 'arch']), message: 'a unikernel needs arch; ["amd64"] is assumed' });
  }
  if (typeof known['microserviceID'] === 'string' && known['microserviceID'] !== '') {
    warnings.push({ path: printPath([...path, 'microserviceID']), message: 'should be empty: the id is given when the microservice is created' });
  }
  return warnings;
}

interface Entry {
  readonly value: Record<string, unknown>;
  readonly path: Path;
}

function entries(holder: unknown, field: string, path: Path): Entry[] {
  const list = isRecord(holder) ? holder[field] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index): Entry[] => (isRecord(value) ? [{ value, path: [...path, field, index] }] : []));
}

function repeated(list: readonly Entry[], kind: 'application' | 'microservice'): Violation[] {
  const first = new Map<string, Path>();
  return list.flatMap(({ value, path }) => {
    const [title, namespace] = [value[`${kind}_name`], value[`${kind}_namespace`]];
    if (typeof title !== 'string' || typeof namespace !== 'string') return [];
    const key = JSON.stringify([title, namespace]);
    const earlier = first.get(key);
    first.set(key, earlier ?? path);
    if (!earlier) return [];
    return [violation([...path, `${kind}_name`], title, `the same name and namespace as ${printPath(earlier)}`, `give each ${kind} its own name or namespace`)];
  });
}

const isUnikernel = (known: Record<string, unknown>): boolean => typeof known['virtualization'] === 'string' && known['virtualization'].trim() === 'unikernel';
