// A process that starts a lab and never ends, for tests that kill it.
import { startStandInLab } from './stand-in-lab.ts';

await startStandInLab(process.argv[2] ?? '');
console.log('started');
setInterval(() => undefined, 1000);
