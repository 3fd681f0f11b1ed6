/** Where everybody begins, and where everything is that was made before there were others. Its id is the same in every installation, so that two roots that start at once make one. */
export const rootOrganisation = '000000000000000000000001';
export const rootOrganisationName = 'root';

/** Who made a thing, and for which organisation. */
export interface Owned { readonly owner: string; readonly organisation: string }

/** Who shares it: its organisation. In the root organisation, whose members need not know each other, its owner alone. */
export function sharedWith({ owner, organisation }: Owned): string {
  return organisation === rootOrganisation ? `owner:${owner}` : organisation;
}
