import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the state of an app lives unless OAK_STATE_DIR says otherwise: /var/lib for root, the user's own state folder for anyone else. */
export function defaultStateDir(app: string): string {
  const own = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(process.getuid?.() === 0 ? '/var/lib' : own, 'oakestra', app);
}
