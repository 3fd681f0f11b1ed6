import { Lab } from './lab.ts';
import { createRecord, readRecord } from './lab-record.ts';

/** A lab that somebody started. */
export async function openLab(dir: string): Promise<Lab> {
  const record = await readRecord(dir);
  if (record === undefined) throw new Error(`there is no lab in ${dir}; start one: npm run lab -- up --dir ${dir}`);
  return new Lab(record);
}

/** A new lab with nothing but a wire, and what `furnish` puts there; a failure, or the signal, takes all of it down again. */
export async function createLab(dir: string, furnish: (lab: Lab) => Promise<void>, signal?: AbortSignal): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('a lab needs root: it makes namespaces and starts containerd');
  signal?.throwIfAborted();
  const lab = new Lab(await createRecord(dir));
  try {
    await lab.addSwitch();
    await orAborted(furnish(lab), signal);
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}

function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('interrupted', { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
