/** Why a candidate is refused, in the order in which it is asked. The codes are stable: clients branch on them. */
export const refusalReasons = {
  'not-pinned': 'A "direct" or "clusters" constraint names others.',
  'already-refused': 'It had this instance and handed it back.',
  'cordoned': 'An operator closed it to new instances.',
  'stale': 'It has not been heard for too long.',
  'runtime-unknown': 'It has no such runtime.',
  'runtime-unhealthy': 'It has the runtime, but the runtime failed its probe.',
  'arch-mismatch': 'It does not have the runtime on a machine of a wanted architecture.',
  'privileged-refused': 'It takes no privileged workloads in this runtime.',
  'csi-driver-missing': 'It lacks a CSI driver that a volume needs.',
  'addon-missing': 'It lacks an addon that an "addons" constraint needs.',
  'port-taken': 'Another instance holds a wanted host port.',
  'vcpus-exhausted': 'Too few unreserved cores.',
  'memory-exhausted': 'Too little unreserved memory.',
  'storage-exhausted': 'Too little unreserved storage.',
  'vgpus-exhausted': 'Too few unreserved GPUs.',
} as const;

export type RefusalReason = keyof typeof refusalReasons;
