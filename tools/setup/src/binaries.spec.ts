import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isStatic } from './elf.mjs';
import { goBuild, goCommand } from './go-build.mjs';
import { findCommand, toolsFolder } from './places.mjs';
import { atLeast, versionIn } from './versions.mjs';

const folder = mkdtempSync(join(tmpdir(), 'oak-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('binaries', () => {
  it('tells what Go built, and from which version', () => {
    expect(goBuild(join(toolsFolder(process.env), 'containerd-2.3.4', 'ctr'))).toEqual({ module: 'github.com/containerd/containerd/v2', version: 'v2.3.4' });
  });

  it('tells a static program from a dynamic one', () => {
    expect(isStatic(findCommand('busybox', process.env) ?? '')).toBe(true);
    expect(isStatic(process.execPath)).toBe(false);
  });

  it.each([['a script', '#!/bin/sh\n'], ['an empty file', ''], ['half a header', Buffer.from('\x7fELF\x02\x01')]])('is not confused by %s', (name, content) => {
    expect([goBuild(file(name, content)), isStatic(file(name, content))]).toEqual([undefined, false]);
  });

  it('is not confused by a binary that was cut off', () => {
    const cut = join(folder, 'cut');
    copyFileSync(findCommand('busybox', process.env) ?? '', cut);
    writeFileSync(cut, Buffer.alloc(64, 'x'), { flag: 'r+' });
    expect(goBuild(cut)).toBeUndefined();
  });

  it('names binaries as Go does', () => {
    expect(['github.com/nats-io/nats-server/v2', 'gvisor.dev/gvisor/runsc'].map(goCommand)).toEqual(['nats-server', 'runsc']);
  });
});

describe('versions', () => {
  it('finds them in what programs print', () => {
    expect(['nats-server: v2.12.15', 'go version go1.26.8 linux/amd64', 'none'].map(versionIn)).toEqual(['2.12.15', '1.26.8', undefined]);
  });

  it('compares by number, not by text', () => {
    expect([atLeast('2.12.4', '2.12.12'), atLeast('2.15.1', '2.12.12'), atLeast('2.9.10', '2.12.12'), atLeast('24', '24')]).toEqual([false, true, false, true]);
  });

  it('is a total order', () => {
    const version = fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
    fc.assert(fc.property(version, version, (one, other) => atLeast(one, other) || atLeast(other, one)));
  });
});
