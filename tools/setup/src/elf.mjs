import { closeSync, openSync, readSync } from 'node:fs';

/** @typedef {{name: string, offset: number, size: number}} Section */

/**
 * Sections of a 64-bit little-endian ELF file; an empty list for any other file.
 * @param {string} path
 * @param {string[]} wanted section names
 * @returns {Map<string, Buffer>} content of the wanted sections
 */
export function elfSections(path, wanted) {
  const file = openSync(path, 'r');
  try {
    const read = (/** @type {number} */ offset, /** @type {number} */ size) => {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(file, bytes, 0, size, offset));
    };
    const sections = sectionTable(read);
    return new Map(sections.filter((section) => wanted.includes(section.name)).map((section) => [section.name, read(section.offset, section.size)]));
  } finally {
    closeSync(file);
  }
}

/**
 * @param {(offset: number, size: number) => Buffer} read
 * @returns {Section[]}
 */
function sectionTable(read) {
  const header = read(0, 64);
  if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return [];
  const [entrySize, count, namesIndex] = [header.readUInt16LE(58), header.readUInt16LE(60), header.readUInt16LE(62)];
  const table = read(Number(header.readBigUInt64LE(40)), entrySize * count);
  const entries = Array.from({ length: Math.floor(table.length / (entrySize || 1)) }, (_, index) => table.subarray(index * entrySize));
  const place = (/** @type {Buffer} */ entry) => ({ offset: Number(entry.readBigUInt64LE(24)), size: Number(entry.readBigUInt64LE(32)) });
  const namesEntry = entries[namesIndex];
  if (!namesEntry) return [];
  const { offset, size } = place(namesEntry);
  const names = read(offset, size);
  return entries.map((entry) => ({ name: textAt(names, entry.readUInt32LE(0)), ...place(entry) }));
}

/** @param {Buffer} bytes @param {number} offset */
function textAt(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

/** @param {string} path */
export function isStatic(path) {
  const sections = elfSections(path, ['.text', '.interp']);
  return sections.has('.text') && !sections.has('.interp');
}
