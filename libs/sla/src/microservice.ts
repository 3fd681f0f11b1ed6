import type { z } from 'zod';
import { addressesSchema } from './addresses.ts';
import { connectivitySchema } from './connectivity.ts';
import { constraintSchema } from './constraint.ts';
import { decimal, flag, list, name, patterned, processText, record, text, UNUSED, wholeNumber } from './fields.ts';
import { parsePorts } from './ports.ts';
import { fault } from './violation.ts';
import { normaliseVirtualization } from './virtualization.ts';
import { volumeSchema } from './volume.ts';

const MAX_MEMORY_MIB = 16_777_216;
const MAX_STORAGE_MIB = 1_073_741_824;
/** The kernel's quota granularity: 1 ms of each 100 ms. */
const MIN_VCPUS = 0.01;

const vcpus = decimal('CPU time in cores, 0.5 = half a core. Optional, default 0 = no reservation and no limit. Mutable.', { max: 1024, unit: 'cores' })
  .refine((cores) => cores === 0 || cores >= MIN_VCPUS, { error: fault('is a smaller share of a core than the kernel can give', `use 0 or at least ${MIN_VCPUS}`) });

const port = text('Ports of the node that lead to the instance: host[:target][/tcp|/udp], joined by ";". Optional, default none. Mutable.')
  .superRefine((ports, context) => {
    const parsed = parsePorts(ports);
    if (parsed.ok) return;
    for (const { message, remedy } of parsed.faults) context.addIssue({ code: 'custom', message: fault(message, remedy) });
  })
  .meta({ examples: ['8080:80/tcp;5353:53/udp'] });

const virtualization = patterned(
  'Runtime that runs it: docker or container (the default OCI handler of the node), unikernel, or the name of any handler that nodes advertise (runc, runsc, crun, runu, ...). Required. Mutable.',
  /^\s*[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}\s*$/, 'the name of a runtime', () => 'use a name that the clusters advertise, for example "docker", "runsc" or "unikernel"',
).overwrite(normaliseVirtualization);

const code = patterned(
  'What to run: an image reference; for unikernels a package or URL, one for each entry of arch, joined by ",". Required. Mutable.',
  /^[^\s,]+(?:,\s*[^\s,]+)*$/, 'an image reference or URL without spaces', (input) => (input.trim() === '' ? 'name an image, for example "docker.io/library/nginx:latest"' : 'remove the spaces'),
).max(4096);

const architecture = patterned('Name of an architecture.', /^[a-z0-9_]+(?:\/[a-z0-9]+)?$/, 'an architecture', () => 'use a name such as "amd64", "arm64" or "arm/v7"').max(32);
const argument = processText('One argument.', /^[^\0]*$/, 'text without NUL characters', 'remove the NUL character');
const variable = processText('One variable, KEY=value.', /^[^=\0]+=[^\0]*$/, 'KEY=value', 'write "KEY=value"');

const readinessSchema = record({
  /** Required. Inside the instance. */
  port: wholeNumber('TCP port inside the instance that must accept a connection. Required.', { min: 1, max: 65_535, unit: '' }),
  /** Optional. With it the answer must be HTTP with a status from 200 to 399. */
  path: patterned('Path that must answer by HTTP with a status from 200 to 399, for example "/healthz". Optional: a connection is enough.', /^\/[\x21-\x7e]{0,1023}$/, 'a path', () => 'start the path with "/" and leave blanks out').optional(),
}, 'an object such as { "port": 8080 }').describe('What must answer before an instance takes calls by the addresses of its service. Optional, default: its first mapped TCP port. Mutable.');

/** One microservice of a v2.0 descriptor. The keys are Oakestra's. Changing a mutable field replaces the instances. */
export const microserviceSchema = record({
  /** Empty on new microservices: root gives the id (24 hex characters). */
  microserviceID: patterned('Must be empty: the id is given when the microservice is created. Optional. Immutable.', /^(?:[0-9a-f]{24})?$/, 'empty',
    () => 'write "" or leave it out: the id is given when the microservice is created').default(''),
  /** Required, immutable. */
  microservice_name: name('Name, 1 to 30 letters and digits. Required. Immutable.'),
  /** Required, immutable. */
  microservice_namespace: name('Namespace, 1 to 30 letters and digits. Required. Immutable.'),
  /** Required, mutable. Normalised: `container` becomes `docker`. */
  virtualization,
  /** Required, mutable. Image reference, or URLs joined by `,` (one for each `arch`). */
  code,
  /** Optional, mutable. For unikernels required (amd64 is assumed with a warning); otherwise empty = any. */
  arch: list(architecture, 'Architectures that it runs on. Required for unikernels, in the order of code; otherwise optional, empty = any. Mutable.', 16).default([]),
  /** Optional, mutable. MiB (Oakestra's "MB" has always been used as MiB). 0 = no reservation and no limit. */
  memory: wholeNumber('Memory in MiB, reserved and enforced. Optional, default 0 = no reservation and no limit. Mutable.', { max: MAX_MEMORY_MIB, unit: 'MiB' }).default(0),
  /** Optional, mutable. Cores, fractions allowed. 0 = no reservation and no limit. */
  vcpus: vcpus.default(0),
  /** Optional, mutable. Count of GPUs. */
  vgpus: wholeNumber('GPUs. Optional, default 0. Mutable.', { max: 1024, unit: 'GPUs' }).default(0),
  /** Optional, mutable. MiB of disk. */
  storage: wholeNumber('Disk space in MiB. Optional, default 0 = no reservation. Mutable.', { max: MAX_STORAGE_MIB, unit: 'MiB' }).default(0),
  /** Optional, mutable. As written; `parsePorts` reads it. */
  port: port.default(''),
  /** Optional, mutable. Arguments; they replace the image's own entrypoint and command. Unikernel: kernel arguments. */
  cmd: list(argument, 'Command and arguments; empty = the image decides. Optional. Mutable.').default([]),
  /** Optional, mutable. `KEY=value`. */
  environment: list(variable, 'Variables, each "KEY=value". Optional. Mutable.').default([]),
  /** Optional, mutable. Exit code 0 completes it for good. */
  one_shot: flag('Runs once: exit code 0 means completed, not restarted. Optional, default false. Mutable.').default(false),
  /** Optional, mutable. What must answer before an instance takes calls; default: its first mapped TCP port, if it has one. */
  readiness: readinessSchema.optional(),
  /** Optional, mutable. All capabilities and devices; a node may refuse. */
  privileged: flag('All capabilities and host devices; refused by nodes that do not allow it. Optional, default false. Mutable.').default(false),
  /** Optional, immutable. */
  addresses: addressesSchema.optional(),
  /** Optional, mutable. */
  volumes: list(volumeSchema, 'Storage to mount. Optional. Mutable.', 64).default([]),
  /** Optional, mutable. All must hold. */
  constraints: list(constraintSchema, 'Where instances may run; all must hold. Optional. Mutable.', 64).default([]),
  connectivity: list(connectivitySchema, 'Quality of the way to other microservices. Optional. Accepted, not used.', 256).default([]).meta(UNUSED),
  vtpus: wholeNumber('TPUs. Optional. Accepted, not used.', { max: 1024, unit: 'TPUs' }).default(0).meta(UNUSED),
  bandwidth_in: wholeNumber('Incoming bandwidth. Optional. Accepted, not used.', { max: 1_000_000_000_000, unit: '' }).default(0).meta(UNUSED),
  bandwidth_out: wholeNumber('Outgoing bandwidth. Optional. Accepted, not used.', { max: 1_000_000_000_000, unit: '' }).default(0).meta(UNUSED),
  state: text('URL of the state. Optional. Accepted, not used.').default('').meta(UNUSED),
  args: list(text('An argument.'), 'Optional. Accepted, not used (see cmd).').default([]).meta(UNUSED),
  added_files: list(text('A URL.'), 'URLs of files. Optional. Accepted, not used.').default([]).meta(UNUSED),
  sla_violation_strategy: text('Optional. Accepted, not used.').default('').meta(UNUSED),
  target_node: text('Optional. Accepted, not used (see the constraint type "direct").').default('').meta(UNUSED),
  vm_images: list(text('A URL.'), 'Optional. Accepted, not used (see code and arch).').default([]).meta(UNUSED),
  platform: text('Optional. Accepted, not used (see arch).').default('').meta(UNUSED),
}, 'a microservice').meta({ id: 'Microservice', description: 'One microservice: what to run, with which runtime, how large, and where.' });

/** A parsed microservice: defaults filled in, unknown fields gone. It is itself valid input. */
export type Microservice = z.output<typeof microserviceSchema>;
