import { expect, test } from 'vitest';
import { normaliseVirtualization } from './virtualization.ts';

test.each([['container', 'docker'], [' container ', 'docker'], ['docker', 'docker'], ['runc', 'runc'], ['unikernel ', 'unikernel'], ['Container', 'Container'], ['constructor', 'constructor']])(
  '%j is advertised as %j', (name, advertised) => {
    expect(normaliseVirtualization(name)).toBe(advertised);
  });
