import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const workspaceRoot = join(import.meta.dirname, '..', '..', '..');

export interface Project {
  /** Folder from the root of the workspace, e.g. `libs/store`. */
  readonly folder: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/** Every folder of the workspace that has a package.json: what npm and Nx take for a project. */
export function projects(): Project[] {
  return ['apps', 'libs', 'tools'].flatMap((parent) => readdirSync(join(workspaceRoot, parent)).flatMap((name) => read(`${parent}/${name}`)));
}

function read(folder: string): Project[] {
  try {
    const { name, nx } = JSON.parse(readFileSync(join(workspaceRoot, folder, 'package.json'), 'utf8')) as { name: string; nx?: { tags?: string[] } };
    return [{ folder, name, tags: nx?.tags ?? [] }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return [];
    throw error;
  }
}
