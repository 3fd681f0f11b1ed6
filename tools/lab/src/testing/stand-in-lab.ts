import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab.ts';
import { createLab } from '../open-lab.ts';

const standIn = fileURLToPath(new URL('./stand-in-main.ts', import.meta.url));

/** A wire, a root with a forwarded server, and a node with a server and an orphan that left its session. */
export function startStandInLab(dir: string): Promise<Lab> {
  return createLab(dir, async (lab) => {
    await lab.addHost('root', 'plain', '10.200.0.2');
    await lab.addHost('c1n1', 'plain', '10.200.1.2');
    for (const host of ['root', 'c1n1']) {
      const ready = { kind: 'http', url: 'http://127.0.0.1:10000/' } as const;
      await lab.run(host, { name: 'stand-in', argv: [process.execPath, standIn, '10000'], ready });
    }
    await lab.forward('root', 10_000);
    await lab.exec('c1n1', ['sh', '-c', `setsid sleep 100000 ${dir} >/dev/null 2>&1 </dev/null & ip netns add inner`]);
  });
}
