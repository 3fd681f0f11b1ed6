import { Lab } from './lab.ts';
import { createRecord, readRecord } from './lab-record.ts';

/** A lab that somebody started. */
export async function openLab(dir: string): Promise<Lab> {
  const record = await readRecord(dir);
  if (record === undefined) throw new Error(`there is no lab in ${dir}; start one: npm run lab -- up --dir ${dir}`);
  return new Lab(record);
}

/** A new lab with nothing but a wire, and what `furnish` puts there; a failure takes all of it down again. */
export async function createLab(dir: string, furnish: (lab: Lab) => Promise<void>): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('a lab needs root: it makes namespaces and starts containerd');
  const lab = new Lab(await createRecord(dir));
  try {
    await lab.addSwitch();
    await furnish(lab);
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}
