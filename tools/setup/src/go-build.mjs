import { basename } from 'node:path';
import { elfSections } from './elf.mjs';

/**
 * The Go module that a binary was built from, read from the binary itself: no need to run it, and no stamp file that can lie.
 * @param {string} path
 * @returns {{module: string, version: string} | undefined} undefined for a file that Go did not build
 */
export function goBuild(path) {
  const bytes = elfSections(path, ['.go.buildinfo']).get('.go.buildinfo');
  const inlineText = 2;
  if (!bytes || bytes.length < 33 || !bytes.toString('latin1', 0, 14).startsWith('\xff Go buildinf:') || !((bytes[15] ?? 0) & inlineText)) return undefined;
  const [, afterGoVersion] = textWithLength(bytes, 32);
  const [modules] = textWithLength(bytes, afterGoVersion);
  const main = /(?:^|\n)mod\t([^\t\n]+)\t([^\t\n]*)/.exec(modules);
  return main ? { module: String(main[1]), version: String(main[2]) } : undefined;
}

/** Go names a binary after the last path element that is not a major version. @param {string} path */
export function goCommand(path) {
  return basename(path.replace(/\/v\d+$/, ''));
}

/** Names of the binaries as they lie in the tools folder, with those that Go gives them. @param {import('./needs.mjs').GoTool} tool */
export function goCommands({ packages, command }) {
  return packages.map((path) => ({ built: goCommand(path), name: command ?? goCommand(path) }));
}

/**
 * @param {Buffer} bytes
 * @param {number} start of a varint length with the text behind it
 * @returns {[string, number]} the text, and the offset after it
 */
function textWithLength(bytes, start) {
  let [length, shift, offset] = [0, 0, start];
  for (;;) {
    const byte = bytes[offset++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  return [bytes.toString('latin1', offset, offset + length), offset + length];
}
