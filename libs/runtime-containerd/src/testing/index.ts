export type { HandlerConfig } from './containerd-config.ts';
export { type ContainerdOptions, type PrivateContainerd, startContainerd, testHandlers, toolsDir } from './private-containerd.ts';
export { removeCgroup } from './remove-cgroup.ts';
