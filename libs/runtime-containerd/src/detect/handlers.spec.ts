import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importsOf, parseHandlers } from './handlers.ts';

const parse = (...texts: string[]) => parseHandlers(texts.map((text, at) => ({ path: `/etc/containerd/${at}.toml`, text })));
const named = (texts: string[]) => Object.fromEntries(parse(...texts).handlers.map(({ name, ...rest }) => [name, rest]));

/** As the documentation of Oakestra prints it. */
const documented = `
[plugins.cri.containerd.runtimes.runsc]
  runtime_type = "io.containerd.runsc.v1"
[plugins.cri.containerd.runtimes.runsc.options]
  TypeUrl = "io.containerd.runsc.v1.options"
  ConfigPath = "/etc/containerd/runsc.toml"
`;

test('nothing configured: containerd has runc', () => {
  expect(parse()).toMatchObject({ problems: [], handlers: [{ name: 'runc', runtimeType: 'io.containerd.runc.v2', isDefault: true }] });
  expect(parse('').handlers).toHaveLength(1);
});

test('the documented snippet adds runsc and leaves runc the default', () => {
  expect(named([documented])).toMatchObject({
    runc: { isDefault: true },
    runsc: { runtimeType: 'io.containerd.runsc.v1', typeUrl: 'io.containerd.runsc.v1.options', configPath: '/etc/containerd/runsc.toml', isDefault: false },
  });
});

test.each([
  ['version 1', '[plugins.cri'], ['version 2', 'version = 2\n[plugins."io.containerd.grpc.v1.cri"'], ['version 3', 'version = 3\n[plugins."io.containerd.cri.v1.runtime"'],
  ['version 4, single quotes', "version = 4\n[plugins.'io.containerd.cri.v1.runtime'"],
])('%s', (_name, plugin) => {
  const section = plugin.slice(plugin.indexOf('['));
  const text = `${plugin}.containerd]\ndefault_runtime_name = "crun"\n${section}.containerd.runtimes.crun]\nruntime_type = "io.containerd.runc.v2"\nruntime_path = "/opt/shim"\n${section}.containerd.runtimes.crun.options]\nBinaryName = "/usr/bin/crun"\nSystemdCgroup = false\n`;
  expect(parse(text).problems).toEqual([]);
  expect(named([text])).toMatchObject({ crun: { runtimeType: 'io.containerd.runc.v2', binaryName: '/usr/bin/crun', runtimePath: '/opt/shim', isDefault: true }, runc: { isDefault: false } });
});

test('later files win', () => {
  const other = documented.replaceAll('runsc.toml', 'other.toml');
  expect(named([documented, other])['runsc']?.configPath).toBe('/etc/containerd/other.toml');
});

test('a broken file is a problem with its line, the others and the default stay', () => {
  const { handlers, problems } = parse(documented, 'version = 2\n[plugins\nx = 1\n');
  expect(handlers.map(({ name }) => name)).toEqual(['runc', 'runsc']);
  expect(problems).toEqual([expect.stringMatching(/^\/etc\/containerd\/1\.toml:2: Invalid TOML/)]);
});

test('a default or a runtime that is not complete is said', () => {
  const { handlers, problems } = parse('[plugins.cri.containerd]\ndefault_runtime_name = "kata"\n[plugins.cri.containerd.runtimes.bare]\nprivileged = true\n');
  expect(handlers).toMatchObject([{ name: 'runc', isDefault: true }]);
  expect(problems).toEqual([expect.stringContaining('"bare" has no runtime_type'), expect.stringContaining('"kata" is not configured')]);
});

test('imports', () => {
  expect(importsOf({ path: '/a', text: 'imports = ["conf.d/*.toml", "/etc/x.toml"]' })).toEqual(['conf.d/*.toml', '/etc/x.toml']);
  expect(importsOf({ path: '/a', text: '=' })).toEqual([]);
});

test('whatever stands there, there is exactly one default', () => {
  const word = fc.constantFrom('runc', 'runsc', 'crun', 'kata');
  const section = fc.record({ name: word, fallback: word, type: fc.constantFrom('', 'io.containerd.runc.v2', 'io.containerd.runsc.v1') });
  fc.assert(fc.property(fc.array(section, { maxLength: 5 }), fc.string(), (sections, noise) => {
    const texts = sections.map(({ name, fallback, type }) => `[plugins.cri.containerd]\ndefault_runtime_name = "${fallback}"\n[plugins.cri.containerd.runtimes.${name}]\nruntime_type = "${type}"\n`);
    expect(parse(...texts, noise).handlers.filter(({ isDefault }) => isDefault)).toHaveLength(1);
  }));
});
