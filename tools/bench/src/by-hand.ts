import type { Lab } from '@oak/lab';

/** The comparator: what a person would type on the node, `ctr run -d` with a network namespace and a veth pair made by hand. The image is there already. */
export async function runByHand(lab: Lab, node: string, id: string, snapshotter = 'overlayfs'): Promise<void> {
  const ctr = `ctr -a ${lab.dir}/${node}/containerd.sock -n bench`;
  await script(lab, node, [
    `ip netns add ${id}`, `ip link add v${id} type veth peer name eth0 netns ${id}`, `ip link set v${id} up`,
    `ip -n ${id} addr add 10.99.0.2/24 dev eth0`, `ip -n ${id} link set lo up`, `ip -n ${id} link set eth0 up`,
    `${ctr} run -d --snapshotter ${snapshotter} --with-ns network:/run/netns/${id} docker.io/library/busybox:latest ${id} sleep 3600`,
  ].join(' && '));
}

export async function removeByHand(lab: Lab, node: string, id: string): Promise<void> {
  const ctr = `ctr -a ${lab.dir}/${node}/containerd.sock -n bench`;
  await script(lab, node, `${ctr} tasks rm -f ${id}; ${ctr} containers rm ${id}; ip link del v${id}; ip netns del ${id}; true`);
}

/** Puts the image into the namespace of the comparator. */
export async function pullByHand(lab: Lab, node: string): Promise<void> {
  const registry = `${lab.host('root').address}:5000`;
  const ctr = `ctr -a ${lab.dir}/${node}/containerd.sock -n bench`;
  await script(lab, node, `${ctr} images pull --plain-http ${registry}/library/busybox:latest && ${ctr} images tag ${registry}/library/busybox:latest docker.io/library/busybox:latest`);
}

async function script(lab: Lab, node: string, text: string): Promise<void> {
  const { exitCode, stderr } = await lab.exec(node, ['sh', '-c', text]);
  if (exitCode !== 0) throw new Error(`by hand on ${node}: ${stderr}`);
}
