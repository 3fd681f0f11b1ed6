import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addAccess(program: Command, act: Act): void {
  act(program.command('login').argument('[address]', 'of root: host, host:port or URL (default: that of the context, or 127.0.0.1:10000)')
    .summary('log in; keeps the token, never the password')
    .description('Logs in and keeps the token in $XDG_CONFIG_HOME/oakestra/contexts.json (mode 0600). The password is asked for without being shown, or comes by --password-stdin or OAK_PASSWORD. It is never an argument, since other users of the machine can read those.')
    .option('-u, --user <name>', 'user name (or OAK_USER)').option('--password-stdin', 'read the password from stdin'), async () => (await import('../contexts/login.ts')).login);
  act(program.command('logout').description('End the login of the context, and forget its token.'), async () => (await import('../contexts/login.ts')).logout);

  const context = program.command('context').alias('ctx').description('The installations that you use.');
  act(context.command('ls').alias('list').description('List them; * marks the one in use.'), async () => (await import('../contexts/context.ts')).listContexts);
  act(context.command('use').argument('<name>').description('Use this one from now on.'), async () => (await import('../contexts/context.ts')).useContext);
  act(context.command('set').argument('<name>').argument('<address>').description('Make a context, or give it another address.'), async () => (await import('../contexts/context.ts')).setContext);
}
