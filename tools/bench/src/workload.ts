import type { RootClient } from '@oak/lab';

/** An application with one busybox that sleeps; `name` makes it another one. */
export async function submitSleeper(root: RootClient, name: string): Promise<string> {
  const [service] = await root.submit({
    sla_version: 'v2.0',
    applications: [{
      application_name: name, application_namespace: 'bench',
      microservices: [{ microservice_name: 'sleep', microservice_namespace: 'bench', virtualization: 'runc', code: 'docker.io/library/busybox:latest', cmd: ['sleep', '3600'], memory: 0, vcpus: 0 }],
    }],
  });
  if (!service) throw new Error('the application came back without its microservice');
  return service.microserviceID;
}

/** Watches instances of a service; `ready` resolves when the stream is open, `running` when so many run, with the time of each. */
export function watchRunning(root: RootClient, serviceId: string, count: number): { ready: Promise<void>; running: Promise<number[]> } {
  const opened = Promise.withResolvers<void>();
  const running = (async () => {
    const seen = new Map<string, number>();
    for await (const frame of root.events(`service=${serviceId}`, AbortSignal.timeout(180_000))) {
      opened.resolve();
      const line = frame.split('\n').find((one) => one.startsWith('data: '));
      const event = line === undefined ? {} : JSON.parse(line.slice('data: '.length)) as { id?: string; status?: string };
      if (event.id !== undefined && event.status === 'RUNNING' && !seen.has(event.id)) seen.set(event.id, performance.now());
      if (seen.size >= count) return [...seen.values()];
    }
    throw new Error(`only ${seen.size} of ${count} run`);
  })();
  running.catch(opened.reject);
  return { ready: opened.promise, running };
}

export async function removeAll(root: RootClient, serviceId: string): Promise<void> {
  await root.call('DELETE', `/api/service/${serviceId}/instance/-1`);
  for await (const _hint of root.events(`service=${serviceId}`, AbortSignal.timeout(180_000))) if ((await root.service(serviceId)).instance_list.length === 0) return;
}
