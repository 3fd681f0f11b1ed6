import type { Capabilities } from '@oak/runtime';
import { containerCapabilities } from '@oak/runtime-containerd';
import { unikernelCapabilities } from '@oak/runtime-unikraft';

const explained: Readonly<Record<keyof Capabilities, string>> = {
  exec: 'run another program in it', console: 'type into it', volumes: 'folders of the node', environment: '`environment` of the descriptor', gpu: 'graphics cards',
  ipv6: 'addresses of both families', limits: '`vcpus` and `memory` are held', stats: 'use of CPU and memory is counted', pause: 'stop and go on', privileged: '`privileged`, where the node allows it',
};
const columns: readonly (readonly [title: string, capabilities: Capabilities])[] = [
  ['containers: `runc`, `crun`, `runsc`, any handler of containerd', containerCapabilities], ['`unikernel`', unikernelCapabilities],
];

/** docs/runtimes.md: what each runtime declares, and how unikernels are run. */
export function runtimesPage(): string {
  return [
    '# Runtimes', '',
    'Made by `npx nx run @oak/node-engine:docs` from what the runtimes declare. What does not work on a node, and why, is in `GET /api/nodes`: each runtime is probed with a real workload before it takes one.', '',
    `| | ${columns.map(([title]) => title).join(' | ')} |`, `|---|${columns.map(() => '---|').join('')}`, ...rows(), '', unikernels, '',
  ].join('\n');
}

function rows(): string[] {
  return (Object.keys(explained) as (keyof Capabilities)[]).map((name) => `| ${name}: ${explained[name]} | ${columns.map(([, capabilities]) => (capabilities[name] ? 'yes' : 'no')).join(' | ')} |`);
}

const unikernels = `## Unikernels

\`virtualization: "unikernel"\` is a Unikraft unikernel, or any kernel that boots as Unikraft's do (multiboot ELF, serial line, virtio). Each is a machine of its own: a QEMU process.

### What \`code\` may be

| \`code\` | what |
|---|---|
| \`https://.../app.tar.gz\`, \`http://...\` | an archive (tar, gzipped or not) with \`kernel\`, and if wanted \`initramfs.cpio\` or \`files/\` (or \`files1/\`), or the kernel alone |
| \`unikraft.org/nginx:1.25\` | a package in a registry: of an index the one for \`qemu/x86_64\`; its command and environment hold where the descriptor has none; mirrors and credentials are those of containers |
| \`/srv/kernels/app\` | a file of the node, kernel or archive, below a folder of \`unikernels.local_dirs\` |

With several entries in \`arch\`, \`code\` is a list joined by \`,\`, one for each, in the same order. \`#sha256=HEX\` (URL, file) or \`@sha256:HEX\` (package) pins it: then nothing else is ever run, and what is in the node's cache is
not asked for again. Without a pin the source is asked at every start whether it has changed; while it is away, what is in the cache serves. A kernel for another architecture, a file that is no ELF, an archive that is
damaged, too large, or writes or links outside, is refused before the start, with the reason in \`status_detail\`.

### What the guest is told

\`netdev.ip=ADDRESS/32:GATEWAY:DNS::HOSTNAME:DOMAIN env.vars=[ "KEY=value" ] -- CMD...\`. It has the MAC of \`eth0\` in its network namespace. The gateway is the only neighbour, as it is for containers; lwIP sends what is not its own
there. Unikraft's parameter has no room for IPv6, so the IPv6 address is in the environment, \`NETDEV_IP6=ADDRESS/128,GATEWAY,DNS\`, for kernels that want it; Unikraft's own images speak IPv4 only. Files from \`initramfs.cpio\`
come as initrd, those from \`files/\` by 9p under the tags \`fs0\` and \`fs1\`, as a copy of this instance. A word can not hold both kinds of quotes; the line has at most 4096 bytes.

### How it ends

| what happened | status | \`exit_code\` |
|---|---|---|
| it powered off by itself | COMPLETED if \`one_shot\`, else DEAD | 0 |
| it left through the exit port (0x501) | as its code says | what it wrote |
| it panicked (pvpanic) | DEAD: the guest panicked | 134 |
| it rebooted, or had a fault that nothing handles | DEAD: the guest reset its machine | 1 |
| its machine was killed, or had no memory left on the node | DEAD | 137 |
| stopped by us, obeying the power button | gone | 143 |

A stop presses the power button, waits for \`OAK_STOP_GRACE_MS\`, and then pulls the plug. RUNNING means that the guest ran: it said something, was seen in its kernel, or left. A restart is a fresh machine. Restarts and
updates of node-engine touch no machine. The serial line is its output, in \`stdout\`.

### Resources and isolation

\`memory\` is what the guest sees (64 MiB if the descriptor asks for none); the machine itself may take 96 MiB more, which placement counts. \`vcpus\` is the limit, rounded up it is the number of processors. QEMU runs in a cgroup, under a user of its
own for each machine, without capabilities and privileges to gain, behind QEMU's seccomp filter, with no file of the node open but its own. A unikernel can not be privileged and mounts no volumes.

### The node

\`OAK_UNIKERNEL_DRIVER=auto|kraft|qemu|off\`; \`auto\` takes the first way that boots the probe's guest: kraft where it is installed, else QEMU by ourselves; each with KVM, else with emulation. That /dev/kvm is there proves nothing; only what the guest says does. In \`node.toml\`:

    [unikernels]
    qemu = "qemu-system-x86_64"   # name or path
    kraft = "kraft"               # the same
    allow_emulation = true        # every kernel runs without KVM too, slower
    memory_mib = 64               # for those that ask for none
    max_memory_mib = 512          # more is refused; default no limit
    max_kernel_mib = 1024         # of one kernel, fetched or unpacked
    cache_mib = 4096              # of all; those not used lately go first
    local_dirs = []               # folders of this node whose files may be booted

kraft itself could not be had where the tests run: they run against a program with its commands, output and faults, and a true QEMU beneath (tools/fixtures/src/kraft). \`OAK_KRAFT=/path/to/kraft npx nx run
@oak/runtime-unikraft:test\` runs the same suite against a real one.

Machines are booted on amd64 nodes only. The route of an instance (\`qemu, tcg\`) says what booted it.`;
