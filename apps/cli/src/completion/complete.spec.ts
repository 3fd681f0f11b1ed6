import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Contexts } from '../contexts/contexts.ts';
import { AWorld } from '../testing/a-world.ts';
import { aToken, rootStandIn } from '../testing/root-stand-in.ts';
import { aService, anInstance } from '../testing/views.ts';

const words = async (...typed: string[]): Promise<string[]> => {
  const place = new AWorld();
  const { url } = await rootStandIn({ 'GET /api/services': { body: [aService('shop/web', [anInstance(0, 'RUNNING')]), aService('mail/imap')] } });
  new Contexts(place.outside().world).write({ current: 'default', contexts: { default: { url, token: aToken() }, lab: { url } } });
  const { exitCode, stdout, stderr } = await place.oak(['__complete', ...typed]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t')[0] ?? '');
};

describe('completion', () => {
  it.each<[string, string[], string[]]>([
    ['kinds', ['get', ''], ['applications', 'services', 'instances', 'nodes', 'clusters', 'runtimes']], ['live names of a kind', ['get', 'svc', ''], ['shop/web', 'mail/imap']], ['services and instances', ['logs', ''], ['shop/web', 'shop/web/0', 'mail/imap']],
    ['after an option with a value', ['scale', '--timeout', '5s', ''], ['shop/web', 'mail/imap']], ['values of an option', ['get', 'nodes', '-o', ''], ['table', 'wide', 'json', 'yaml', 'name']], ['contexts', ['context', 'use', ''], ['default', 'lab']],
    ['by an alias', ['s', 'd', ''], ['shop/web', 'mail/imap']], ['nothing where a file may stand', ['apply', '-f', ''], []], ['nothing for a kind that is not there', ['get', 'pods', ''], []], ['nothing when root does not say', ['node', 'cordon', ''], []],
  ])('%s', async (_what, typed, expected) => { expect(await words(...typed)).toEqual(expected); });

  it('commands, and options of a command', async () => {
    expect(await words('')).toEqual(expect.arrayContaining(['apply', 'get', 'doctor']));
    expect(await words('node', '')).toEqual(['ls', 'describe', 'cordon', 'uncordon']);
    expect(await words('logs', '--')).toEqual(expect.arrayContaining(['--follow', '--tail', '--context']));
  });

  /** A real bash at `oak get TYPED`, with one in place of oak that knows `names`. Says the words that bash would write there. */
  const inBash = async (typed: string, names: readonly string[]): Promise<{ words: string[]; left: string[] }> => {
    const place = new AWorld();
    const bin = join(place.home, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'names'), names.map((name) => `${name}\twhat it is\n`).join(''));
    writeFileSync(join(bin, 'oak'), `#!/bin/sh\n[ "$1" = __complete ] && [ "$2" = get ] && cat '${bin}/names'\n`, { mode: 0o755 });
    const { stdout: script } = await place.oak(['completion', 'bash']);
    const test = `${script}\n[ "\$(complete -p oak)" = 'complete -o default -F _oak oak' ] || exit 1\nCOMP_WORDS=(oak get "$1"); COMP_CWORD=2; _oak; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const answer = execFileSync('bash', ['--norc', '-c', test, 'bash', typed], { cwd: place.home, env: { PATH: `${bin}:/usr/bin:/bin` }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return { words: answer.split('\n').filter((word) => word !== ''), left: readdirSync(place.home).filter((name) => name !== 'bin' && name !== '.config') };
  };

  it('bash takes the words of it', async () => {
    expect((await inBash('shop/', ['shop/web', 'shop/db', 'mail/imap'])).words).toEqual(['shop/web', 'shop/db']);
  });

  it('bash runs nothing of a name, neither when it completes nor when the line is entered', async () => {
    const hostile = ['x$(touch hacked)', 'x`touch hacked`', 'x;touch hacked', 'x *', "x'\"\\", 'x$HOME', '-x'];
    const { words: offered, left } = await inBash('x', hostile);
    expect(left).toEqual([]);
    const entered = execFileSync('bash', ['--norc', '-c', `printf '%s\\n' ${offered.join(' ')}`], { cwd: new AWorld().home, encoding: 'utf8' });
    expect(entered.split('\n')).toEqual([...hostile.slice(0, -1), '']);
    expect((await inBash('', hostile)).words).toHaveLength(hostile.length);
  });

  it.each(['zsh', 'fish'])('%s has its script, another shell has none', async (shell) => {
    expect((await new AWorld().oak(['completion', shell])).stdout).toContain('oak __complete');
    expect((await new AWorld().oak(['completion', 'csh'])).exitCode).toBe(2);
  });
});
