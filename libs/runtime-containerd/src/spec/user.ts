import { RuntimeError } from '@oak/runtime';
import type { OciUser } from './oci-types.ts';

/** Contents of /etc/passwd and /etc/group of the image; empty where it has none. */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

const isNumber = (word: string): boolean => /^\d+$/.test(word);
const rowsOf = (text: string): string[][] => text.split('\n').map((line) => line.split(':'));

/** True when the image's `USER` says all by itself, so that nobody has to read its files. */
export const isPlainUser = (user: string): boolean => user === '' || user === '0' || user === 'root' || /^\d+:\d+$/.test(user);

/** `USER` of an image: `name`, `uid`, `name:group`, `uid:gid`, mixed, or nothing for root. */
export function resolveUser(user: string, accounts: Accounts): OciUser {
  if (user === '' || user === '0' || user === 'root') return { uid: 0, gid: 0 };
  const [name = '', group] = user.split(':');
  const row = rowsOf(accounts.passwd).find(([login, , uid]) => login === name || (isNumber(name) && uid === name));
  if (!row && !isNumber(name)) throw new RuntimeError('invalid', `image user "${user}": no ${name} in its /etc/passwd; name one that exists or use numbers`);
  const uid = Number(row?.[2] ?? name);
  if (group !== undefined && group !== '') return { uid, gid: groupOf(group, user, accounts) };
  const login = row?.[0];
  const additionalGids = login === undefined ? [] : groupsWith(login, accounts);
  return { uid, gid: Number(row?.[3] ?? 0), ...(additionalGids.length > 0 ? { additionalGids } : {}) };
}

function groupOf(group: string, user: string, { group: text }: Accounts): number {
  if (isNumber(group)) return Number(group);
  const row = rowsOf(text).find(([name]) => name === group);
  if (!row) throw new RuntimeError('invalid', `image user "${user}": no group ${group} in its /etc/group; name one that exists or use numbers`);
  return Number(row[2]);
}

function groupsWith(login: string, { group }: Accounts): number[] {
  return rowsOf(group).filter(([, , , members]) => members?.split(',').includes(login)).map(([, , gid]) => Number(gid));
}
