import { readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf, install, type Installation } from './installation.ts';
import { Shell } from './shell.ts';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
/** Blocks of the page: its commands, each a line, and its files, each named by its first line. */
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
const commands = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line !== ''));
const files = blocks('yaml').map((text) => ({ name: /^# (\S+)/.exec(text)?.[1] ?? '', text }));

let it: Installation;
let shell: Shell;
beforeAll(async () => {
  it = await install({ clusters: 1, nodes: 2, node: (name) => (name === 'c1n2' ? { runtimes: ['runc'] } : {}) });
  shell = await Shell.open({ ROOT: it.lab.restUrl });
  await writeFile(join(shell.dir, 'password.txt'), (await it.lab.credentials()).password, { mode: 0o600 });
  for (const { name, text } of files) await writeFile(join(shell.dir, name), text);
}, 120_000);
afterAll(async () => {
  await shell.leave();
  await it.down();
}, 60_000);

const login = 'oak login "$ROOT" -u Admin --password-stdin < password.txt';
const stored = (): string => join(shell.dir, '.config/oakestra/contexts.json');

describe('docs/cli.md', () => {
  test('has a walk', () => {
    expect(files.map(({ name }) => name)).toEqual(['shop.yaml']);
    expect(commands.length).toBeGreaterThan(40);
  });

  test.each(commands)('%s', async (line) => {
    const { exitCode, stderr } = await shell.run(line);
    expect(stderr).not.toMatch(/^ +at \S+ \(/m); // no stack of ours
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  }, 120_000);
});

describe('oak', () => {
  beforeAll(async () => { expect(await shell.run(login)).toMatchObject({ exitCode: 0 }); });

  test('keeps the token for its owner alone, the password nowhere', async () => {
    const { password } = await it.lab.credentials();
    expect((await stat(stored())).mode & 0o777).toBe(0o600);
    expect(await readFile(stored(), 'utf8')).not.toContain(password);
  });

  test('a token that root takes no more is renewed', async () => {
    const file = JSON.parse(await readFile(stored(), 'utf8')) as { contexts: { default: { token: string } } };
    const { token } = file.contexts.default;
    file.contexts.default.token = `${token.slice(0, -8)}AAAAAAAA`;
    await writeFile(stored(), JSON.stringify(file));
    expect(await shell.run('oak get clusters -q && oak get services -o json')).toMatchObject({ exitCode: 0, stdout: 'c1\n[]\n' });
  });

  test.each([
    ['a wrong password', 'echo wrong | oak login "$ROOT" -u Admin --password-stdin --context other', 4, /Wrong user name or password/],
    ['no login', 'XDG_CONFIG_HOME=/nowhere oak get services --url "$ROOT"', 4, /not logged in/],
    ['a name that nobody has', 'oak describe nobody', 3, /there is no application, service or instance at all|there are:/],
    ['a descriptor with faults', 'echo "{sla_version: v2.0, applications: [{application_name: a b, application_namespace: x, microservices: [{virtualization: runc}]}]}" | oak apply -f -', 1, /stdin:1: applications\[0\]\.application_name: .*\n.*stdin:1: applications\[0\]\.microservices\[0\]\.microservice_name: is missing/],
    ['nobody at the terminal', 'oak login "$ROOT" < /dev/null', 2, /nobody is at a terminal/],
  ])('%s has its exit code', async (_what, line, exitCode, stderr) => {
    const said = await shell.run(line);
    expect(said.stderr).toMatch(stderr);
    expect(said).toMatchObject({ exitCode, stdout: '' });
  });

  test('--wait gives up with 6 and says why; explain and doctor tell it too', async () => {
    await writeFile(join(shell.dir, 'runu.json'), JSON.stringify(descriptorOf({ virtualization: 'runu' })));
    const said = await shell.run('oak apply -f runu.json --wait --timeout 2s');
    expect(said.exitCode).toBe(6);
    expect(said.stderr).toMatch(/NoActiveClusterWithCapacity: .*lacks runtime runu/);
    expect(await shell.run('oak explain -f runu.json --exit-code')).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/node c1n1: no: lacks runtime runu/) as unknown });
    expect(await shell.run('oak doctor')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/warning +instances: 1 of 1 instance do not run\n.*lacks runtime runu/) as unknown });
    expect(await shell.run('oak doctor --strict')).toMatchObject({ exitCode: 1 });
    expect(await shell.run('oak delete -f runu.json --wait')).toMatchObject({ exitCode: 0 });
  });

  test('what differs is told by diff, and made so by apply', async () => {
    const descriptor = JSON.stringify(descriptorOf({}));
    await writeFile(join(shell.dir, 'a.json'), descriptor);
    await writeFile(join(shell.dir, 'b.json'), descriptor.replace('"memory":50', '"memory":60'));
    expect(await shell.run('oak apply -f a.json --no-deploy')).toMatchObject({ exitCode: 0 });
    expect(await shell.run('oak diff -f b.json --exit-code')).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/~ service app\d+\/one\n {4}memory: root has 50, the file 60/) as unknown });
    expect(await shell.run('oak apply -f b.json')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/updated +memory: root has 50, the file 60/) as unknown });
    expect(await shell.run('oak diff -f b.json --exit-code')).toMatchObject({ exitCode: 0 });
    expect(await shell.run('oak delete -f a.json')).toMatchObject({ exitCode: 0 });
  });

  test('events have names, and Ctrl-C ends at once with 130', async () => {
    await writeFile(join(shell.dir, 'seen.json'), JSON.stringify(descriptorOf({})));
    const events = shell.start('exec oak events --type instance');
    await shell.run('oak apply -f seen.json --wait');
    await events.saying(/instance app\d+\/one\/0 {2}RUNNING on c1\/c1n\d: running/);
    await shell.run('oak delete -f seen.json --wait');
    await events.saying(/one\/0 {2}UNDEPLOYED/);
    events.interrupt();
    expect(await events.end()).toMatchObject({ exitCode: 130 });
  }, 60_000);

  test('who reads no further does not make it fail', async () => {
    expect(await shell.run('set -o pipefail; oak get runtimes -o json | head -1')).toMatchObject({ exitCode: 0, stdout: '[\n', stderr: '' });
  });

  test('at a terminal: asks for the password without showing it, and has colours unless NO_COLOR says no', async () => {
    const { password } = await it.lab.credentials();
    const asking = shell.startAtTerminal('oak login "$ROOT"');
    await asking.saying(/User name: /);
    asking.type('Admin\r');
    await asking.saying(/Password of Admin: /);
    asking.type(`${password}\r`);
    const said = await asking.end();
    expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('logged in as Admin') as unknown });
    expect(said.stdout).not.toContain(password);
    expect((await shell.startAtTerminal('oak get nodes').end()).stdout).toContain('\u001b[32mactive\u001b[39m');
    expect((await shell.startAtTerminal('NO_COLOR=1 oak get nodes').end()).stdout).not.toContain('\u001b[');
  });

  test('Ctrl-C at the question for the password leaves no login and a terminal that echoes', async () => {
    const asking = shell.startAtTerminal('oak login "$ROOT" --context cut -u Admin; echo "ended with $?"; stty -a | grep -o -- "[-]*\\becho\\b"');
    await asking.saying(/Password of Admin: /);
    asking.type('half\u0003');
    expect((await asking.end()).stdout.replaceAll('\r', '')).toMatch(/ended with 130\necho\n/);
    expect(await readFile(stored(), 'utf8')).not.toContain('cut');
  });

  test('the way of a connection is told', async () => {
    await writeFile(join(shell.dir, 'way.json'), JSON.stringify(descriptorOf({})));
    expect(await shell.run('oak apply -f way.json --wait')).toMatchObject({ exitCode: 0 });
    const traced = await shell.run('oak net trace one/0 10.30.200.200 --port 80');
    expect(traced).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^no {3}\S/m) as unknown });
    expect(await shell.run('oak delete -f way.json --wait')).toMatchObject({ exitCode: 0 });
  }, 60_000);

  test('doctor names a cluster that is silent, and root that is away', async () => {
    await it.lab.kill('root', 'root-orchestrator');
    const away = await shell.run('oak doctor --timeout 2s');
    expect(away).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/ 2 {2}fault +root reachable: /) as unknown });
    expect(await shell.run('oak get nodes --timeout 2s')).toMatchObject({ exitCode: 5 });
    await it.lab.start('root', 'root-orchestrator');
    await it.lab.kill('c1', 'cluster-orchestrator');
    expect(await shell.run('oak doctor')).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/fault +nodes: .*\n +cluster c1 does not say which nodes it has/) as unknown });
  }, 60_000);
});
