/** What the probe's guest says. Only these words prove that guests run: a machine that merely exists may never reach its kernel. */
export const greeting = 'oakestra: a guest runs here';

const loadAddress = 0x10_0000;
const headerBytes = { elf: 52, program: 32, section: 40 };

/**
 * A whole unikernel of some 400 bytes: an ELF file with a multiboot header, as Unikraft's images are. It says its greeting on the serial line
 * and powers off. Built here, since nodes have no compiler.
 */
export function probeKernel(): Buffer {
  const code = codeAt(loadAddress + multibootHeader.length);
  const image = Buffer.concat([multibootHeader, code]);
  const offset = 0x1000;
  const names = Buffer.from('\0.text\0.uk_inittab\0.shstrtab\0');
  const sectionsAt = offset + image.length + names.length;
  const sections = [
    section({ name: 0, type: 0, flags: 0, address: 0, offset: 0, size: 0 }),
    section({ name: names.indexOf('.text'), type: 1, flags: 6, address: loadAddress, offset, size: image.length }),
    // The mark by which unikernels are told from other programs.
    section({ name: names.indexOf('.uk_inittab'), type: 1, flags: 2, address: loadAddress + image.length, offset: offset + image.length, size: 0 }),
    section({ name: names.indexOf('.shstrtab'), type: 3, flags: 0, address: 0, offset: offset + image.length, size: names.length }),
  ];
  const head = Buffer.concat([elfHeader(loadAddress + multibootHeader.length, sectionsAt, sections.length), programHeader(offset, image.length)], offset);
  return Buffer.concat([head, image, names, ...sections]);
}

const words = (...values: readonly number[]): Buffer => Buffer.concat(values.map((value) => { const word = Buffer.alloc(4); word.writeUInt32LE(value >>> 0); return word; }));
const halves = (...values: readonly number[]): Buffer => Buffer.concat(values.map((value) => { const half = Buffer.alloc(2); half.writeUInt16LE(value); return half; }));

const multibootMagic = 0x1bad_b002;
const multibootHeader = words(multibootMagic, 0, -multibootMagic);

/** 32-bit code: each character of the greeting to the first serial port once it is ready, then the power switch of QEMU's `pc`. */
function codeAt(address: number): Buffer {
  const text = Buffer.from(`${greeting}\n\0`);
  const rest = Buffer.from([
    0xfc, // cld
    0xac, // next: lodsb
    0x84, 0xc0, 0x74, 0x14, // test al, al; jz end
    0x88, 0xc4, // mov ah, al
    0x66, 0xba, 0xfd, 0x03, // mov dx, 0x3fd
    0xec, 0xa8, 0x20, 0x74, 0xfb, // ready: in al, dx; test al, 0x20; jz ready
    0x66, 0xba, 0xf8, 0x03, 0x88, 0xe0, 0xee, // mov dx, 0x3f8; mov al, ah; out dx, al
    0xeb, 0xe7, // jmp next
    0x66, 0xba, 0x04, 0x06, 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef, // end: mov dx, 0x604; mov ax, 0x2000; out dx, ax
    0xfa, 0xf4, 0xeb, 0xfc, // cli; halt: hlt; jmp halt
  ]);
  const loadText = Buffer.concat([Buffer.from([0xbe]), words(address + 5 + rest.length)]); // mov esi, text
  return Buffer.concat([loadText, rest, text]);
}

function elfHeader(entry: number, sectionsAt: number, sectionCount: number): Buffer {
  const identity = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([identity, halves(2, 3), words(1, entry, headerBytes.elf, sectionsAt, 0), halves(headerBytes.elf, headerBytes.program, 1, headerBytes.section, sectionCount, sectionCount - 1)]);
}

function programHeader(offset: number, size: number): Buffer {
  return words(1, offset, loadAddress, loadAddress, size, size, 5, 0x1000);
}

function section({ name, type, flags, address, offset, size }: Record<'name' | 'type' | 'flags' | 'address' | 'offset' | 'size', number>): Buffer {
  return words(name, type, flags, address, offset, size, 0, 0, 1, 0);
}
