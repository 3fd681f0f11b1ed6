export type { HandlerConfig } from './containerd-config.ts';
export { type ContainerdOptions, type PrivateContainerd, startContainerd, testHandlers, toolsDir } from './private-containerd.ts';
export { removeCgroup } from './remove-cgroup.ts';
export { buildTestImage, busyboxLayer, type TestImage, type TestImageOptions } from './test-image.ts';
export { TestRegistry } from './test-registry.ts';
