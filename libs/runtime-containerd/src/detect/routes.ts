import { runcOptionsAny, shimOptionsAny } from '../client/any.ts';
import type { Route } from '../lifecycle/route.ts';
import type { Handler } from './handlers.ts';

const runcShim = 'io.containerd.runc.v2';
const gvisorShim = 'io.containerd.runsc.v1';

/**
 * The ways to launch a handler, the configured one first. gVisor has a second: its runsc below the shim of runc. That is the same
 * isolation by the same program, and it reports exit codes and memory where gVisor's own shim does not.
 */
export function routesOf(handler: Handler, rootDir: string): Route[] {
  const configured = configuredRoute(handler, rootDir);
  return handler.runtimeType === gvisorShim ? [configured, binaryRoute('runsc', rootDir, true)] : [configured];
}

function configuredRoute({ runtimeType, binaryName, configPath, typeUrl }: Handler, rootDir: string): Route {
  if (runtimeType === runcShim) return binaryRoute(binaryName ?? 'runc', rootDir, isGvisor(binaryName));
  const options = configPath === undefined ? undefined : shimOptionsAny({ typeUrl: typeUrl ?? `${runtimeType}.options`, configPath });
  return {
    runtimeType, options, label: configPath === undefined ? runtimeType : `${runtimeType}, configuration ${configPath}`,
    requires: [shimOf(runtimeType), ...(runtimeType === gvisorShim ? ['runsc'] : [])], sandboxed: runtimeType === gvisorShim,
  };
}

/** Each binary keeps its state in a folder of its own: two daemons with one folder meet each other's containers. */
function binaryRoute(binaryName: string, rootDir: string, sandboxed: boolean): Route {
  const options = runcOptionsAny(binaryName === 'runc' ? {} : { binaryName, root: `${rootDir}/${binaryName.replaceAll('/', '_')}` });
  return { runtimeType: runcShim, options, label: binaryName === 'runc' ? runcShim : `${runcShim}, binary ${binaryName}`, requires: [shimOf(runcShim), binaryName], sandboxed };
}

/** `io.containerd.runc.v2` -> `containerd-shim-runc-v2`. */
function shimOf(runtimeType: string): string {
  return `containerd-shim-${runtimeType.split('.').slice(-2).join('-')}`;
}

function isGvisor(binaryName: string | undefined): boolean {
  return binaryName !== undefined && /(^|\/)runsc/.test(binaryName);
}
