import type { Any } from '../gen/google/protobuf/any.ts';
import { CgroupV1Metrics, CgroupV2Metrics, RuncOptions, ShimOptions } from '../gen/payloads.ts';

const ociPrefix = 'types.containerd.io/opencontainers/runtime-spec/1';

/** An OCI runtime spec for Container.spec. */
export const specAny = (spec: object): Any => jsonAny('Spec', spec);
/** An OCI process for Tasks.Exec. */
export const processAny = (process: object): Any => jsonAny('Process', process);
/** OCI Linux resources for Tasks.Update. */
export const resourcesAny = (resources: object): Any => jsonAny('LinuxResources', resources);

/** Options of `io.containerd.runc.v2`, also when it launches another binary. */
export const runcOptionsAny = (options: Partial<RuncOptions>): Any =>
  ({ typeUrl: 'containerd.runc.v1.Options', value: Buffer.from(RuncOptions.encode(RuncOptions.fromPartial(options)).finish()) });

/** Options of every other shim: the name of its configuration and the file that holds it. */
export const shimOptionsAny = (options: { typeUrl: string; configPath: string }): Any =>
  ({ typeUrl: 'runtimeoptions.v1.Options', value: Buffer.from(ShimOptions.encode(ShimOptions.fromPartial(options)).finish()) });

/** The protobuf name: senders disagree about what stands before the last slash. */
export const typeName = (any: Any): string => any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);

export type CgroupMetrics = { readonly version: 1; readonly metrics: CgroupV1Metrics } | { readonly version: 2; readonly metrics: CgroupV2Metrics };

/** Undefined when the runtime sent nothing, or something that is not a cgroup's metrics. */
export function cgroupMetrics(any: Any | undefined): CgroupMetrics | undefined {
  if (!any) return undefined;
  if (typeName(any) === 'io.containerd.cgroups.v1.Metrics') return { version: 1, metrics: CgroupV1Metrics.decode(any.value) };
  if (typeName(any) === 'io.containerd.cgroups.v2.Metrics') return { version: 2, metrics: CgroupV2Metrics.decode(any.value) };
  return undefined;
}

function jsonAny(name: string, content: object): Any {
  return { typeUrl: `${ociPrefix}/${name}`, value: Buffer.from(JSON.stringify(content)) };
}
