export type { Accelerator, Boot, BootNetwork, DriverDescription, Kernel, Machine, UnikernelDriver } from './driver.ts';
export { bootLine, type BootLine, type GuestAddresses } from './boot-line.ts';
export { KraftLauncher, type KraftLauncherOptions, ordinaryStoresDir } from './kraft/kraft-launcher.ts';
export { QemuDriver, type QemuDriverOptions } from './qemu/qemu-driver.ts';
export { probeDriver, type ProbeResult } from './probe/probe-driver.ts';
export { probeKernel } from './probe/probe-kernel.ts';
export { unikernelCapabilities, UnikraftRuntime, type Kernels, type UnikraftRuntimeOptions } from './unikraft-runtime.ts';
export { KernelStore, type KernelStoreOptions } from './images/kernel-store.ts';
export type { Descriptor, PackageConfig, PackageEntry, PackageManifest, PackageRegistry, PackageRepository } from './images/kernel-package.ts';
