import { RootClient, startLab, type InstanceView, type Lab, type LabOptions } from '@oak/lab';

/** A lab and a logged-in client; `down` leaves nothing. */
export interface Installation { readonly lab: Lab; readonly root: RootClient; readonly down: () => Promise<void> }

export async function install(options: LabOptions): Promise<Installation> {
  // The shell of these images ignores SIGTERM as first process, and nobody wants to wait ten seconds for it.
  const lab = await startLab({ ...options, env: { ...options.env, 'node-engine': { OAK_STOP_GRACE_MS: '500', OAK_DRAIN_MS: '0', ...options.env?.['node-engine'] } } });
  try {
    return { lab, root: await RootClient.login(lab), down: () => lab.down() };
  } catch (error) {
    await lab.down();
    throw error;
  }
}

let applications = 0;

/** A descriptor with one microservice; names are new each time, so that no test meets another's. */
export function descriptorOf(microservice: Readonly<Record<string, unknown>>): unknown {
  return {
    sla_version: 'v2.0',
    applications: [{
      application_name: `app${++applications}`, application_namespace: 'e2e',
      microservices: [{ microservice_name: 'one', microservice_namespace: 'e2e', virtualization: 'runc', code: 'docker.io/library/busybox:latest', cmd: ['sleep', '3600'], memory: 50, vcpus: 0.1, ...microservice }],
    }],
  };
}

/** Submits one microservice and deploys it. */
export async function deploy(root: RootClient, microservice: Readonly<Record<string, unknown>>, count = 1): Promise<string> {
  const [service] = await root.submit(descriptorOf(microservice));
  if (!service) throw new Error('the application came back without its microservice');
  await root.deploy(service.microserviceID, count);
  return service.microserviceID;
}

export const isRunning = (instance: InstanceView): boolean => instance.status === 'RUNNING';
export const has = (status: string) => (instance: InstanceView): boolean => instance.status === status;

/** All of a service is gone at root, so its node has said that nothing of it is left. */
export async function removeService(root: RootClient, serviceId: string): Promise<void> {
  await root.call('DELETE', `/api/service/${serviceId}/instance/-1`);
  for await (const _hint of root.events(`service=${serviceId}`, AbortSignal.timeout(30_000))) {
    if ((await root.service(serviceId)).instance_list.length === 0) return;
  }
}

/** What a node's runtime, kernel and firewall still hold of instances. */
export async function leftovers(lab: Lab, node: string): Promise<{ containers: string[]; tasks: string[]; snapshots: string[]; leases: string[]; netns: string[]; links: string[] }> {
  const lines = async (...argv: string[]): Promise<string[]> => {
    const { stdout, stderr, exitCode } = await lab.exec(node, argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
    return stdout.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  };
  const ctr = (...argv: string[]): Promise<string[]> => lines('ctr', '-a', `${lab.dir}/${node}/containerd.sock`, '-n', 'oakestra', ...argv);
  const links = (await lines('ip', '-o', 'link', 'show', 'type', 'veth')).filter((line) => line.includes('oak0'));
  return {
    containers: await ctr('containers', 'list', '-q'), tasks: await ctr('tasks', 'list', '-q'),
    snapshots: (await ctr('snapshots', 'list')).filter((line) => line.startsWith('oakestra-') || line.includes('Active')),
    leases: await ctr('leases', 'list', '-q'),
    netns: (await lines('sh', '-c', 'ls /run/netns 2>/dev/null | grep ^oak- || true')), links,
  };
}
