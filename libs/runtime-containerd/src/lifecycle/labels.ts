/** Our containers among others in the namespace, and which runtime they belong to. */
export const managedLabel = 'oakestra/managed';
export const virtualizationLabel = 'oakestra/virtualization';
export const logsLabel = 'oakestra/logs';
