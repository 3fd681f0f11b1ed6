import type { Filter } from './filter.ts';

const notPinned: Filter = {
  reason: 'not-pinned',
  verbs: ['is not among those allowed', 'are not among those allowed'],
  refuses: ({ name }, { demand: { pins } }) => pins !== undefined && !pins.includes(name),
  detail: (_, { demand: { pins = [] } }) => (pins.length === 0 ? ' (the constraints contradict each other)' : ` (${pins.join(', ')})`),
};

const alreadyRefused: Filter = {
  reason: 'already-refused',
  verbs: ['handed it back', 'handed it back'],
  refuses: ({ id }, request) => request.alreadyRefused.has(id),
  detail: ({ id, name }, request, alone) => ` (${alone ? '' : `${name}: `}${request.alreadyRefused.get(id) ?? ''})`,
};

/** About the request alone: they need no look at what the candidate has. */
export const requestFilters = [notPinned, alreadyRefused] as const;
