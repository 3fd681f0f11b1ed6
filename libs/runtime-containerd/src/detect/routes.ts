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

function configuredRoute({ runtimeType, binaryName, configPath, typeUrl, runtimePath }: Handler, rootDir: string): Route {
  if (runtimeType === runcShim) return throughPath(binaryRoute(binaryName ?? 'runc', rootDir, isGvisor(binaryName)), runtimePath);
  const options = configPath === undefined ? undefined : shimOptionsAny({ typeUrl: typeUrl ?? `${runtimeType}.options`, configPath });
  const route: Route = {
    runtimeType, options, label: configPath === undefined ? runtimeType : `${runtimeType}, configuration ${configPath}`,
    requires: [shimOf(runtimeType), ...(runtimeType === gvisorShim ? ['runsc'] : [])], binary: runtimeType === gvisorShim ? 'runsc' : undefined, sandboxed: runtimeType === gvisorShim,
    // Without it gVisor's shim takes the container for a part of a pod whose sandbox never comes, and creation hangs.
    ...(runtimeType === gvisorShim && { annotations: { 'io.kubernetes.cri.container-type': 'sandbox' } }),
  };
  return throughPath(route, runtimePath);
}

/** containerd takes the shim's absolute path in place of its type. */
function throughPath(route: Route, runtimePath: string | undefined): Route {
  if (runtimePath === undefined) return route;
  const [, ...others] = route.requires;
  return { ...route, runtimeType: runtimePath, label: `${route.label}, shim ${runtimePath}`, requires: [runtimePath, ...others] };
}

/** Each binary keeps its state in a folder of its own: two daemons with one folder meet each other's containers. */
function binaryRoute(binaryName: string, rootDir: string, sandboxed: boolean): Route {
  const options = runcOptionsAny(binaryName === 'runc' ? {} : { binaryName, root: `${rootDir}/${binaryName.replaceAll('/', '_')}` });
  return { runtimeType: runcShim, options, label: binaryName === 'runc' ? runcShim : `${runcShim}, binary ${binaryName}`, requires: [shimOf(runcShim), binaryName], binary: binaryName, sandboxed };
}

/** `io.containerd.runc.v2` -> `containerd-shim-runc-v2`. */
function shimOf(runtimeType: string): string {
  return `containerd-shim-${runtimeType.split('.').slice(-2).join('-')}`;
}

function isGvisor(binaryName: string | undefined): boolean {
  return binaryName !== undefined && /(^|\/)runsc/.test(binaryName);
}
