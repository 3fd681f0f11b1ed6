// Where npm put buf and the ts-proto plugin, and how to run buf without a download.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Absolute path of a package's executable. */
export function binaryOf(name, executable) {
  const manifest = require.resolve(`${name}/package.json`);
  return join(dirname(manifest), require(manifest).bin[executable]);
}

/** Runs buf in `cwd` and returns what it prints. */
export function buf(args, cwd) {
  return execFileSync(process.execPath, [binaryOf('@bufbuild/buf', 'buf'), ...args], { cwd, maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] }).toString();
}
