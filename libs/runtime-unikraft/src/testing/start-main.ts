import { QemuDriver } from '../qemu/qemu-driver.ts';
import type { Boot } from '../driver.ts';

/** Starts a machine as node-engine does, and waits to be killed. */
const { options, boot } = JSON.parse(process.argv[2] ?? '') as { options: ConstructorParameters<typeof QemuDriver>[0]; boot: Boot };
await new QemuDriver(options).start(boot, new AbortController().signal);
setInterval(() => undefined, 60_000);
