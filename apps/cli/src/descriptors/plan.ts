import type { Fault } from '../failure.ts';
import type { Root } from '../root/root.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { plain } from '../terminal/words.ts';
import type { World } from '../world.ts';
import { planApply, type Step } from './compare.ts';
import { readDocuments } from './read-documents.ts';
import { wantedOrFail, type WantedApplication } from './wanted.ts';

export interface FileOptions { readonly file?: readonly string[] }

export const warnOf = (terminal: Terminal) => ({ path, message }: Fault): void => {
  terminal.say(`${terminal.paintTalk('yellow', 'warning')}: ${plain(path)}: ${plain(message)}`);
};

/** Reads, checks and says the warnings. @throws Failure */
export async function readWanted(world: World, terminal: Terminal, files: readonly string[]): Promise<readonly WantedApplication[]> {
  return wantedOrFail(await readDocuments(world, files), warnOf(terminal));
}

/** What of it root has already. */
export async function planAgainst(root: Root, wanted: readonly WantedApplication[]): Promise<Step[]> {
  const applications = await root.ownApplications();
  const known = applications.filter((one) => wanted.some(({ name }) => name === `${one.application_name}.${one.application_namespace}`));
  const services = await Promise.all(known.map(({ applicationID: id }) => root.servicesOf(id)));
  return planApply(wanted, applications, services.flat());
}
