/** By bytes and without large numbers, which cost ten times as much: there are hundreds of thousands. Both speak the forms of @oak/addressing. */

/** Four octets. Undefined: it is no IPv4 address. */
export function bytes4(text: string): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(4);
  let [octet, at, digits] = [0, 0, 0];
  for (let i = 0; i <= text.length; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : 46;
    if (code === 46) {
      if (digits === 0 || octet > 255 || at > 3) return undefined;
      buffer[at] = octet;
      [octet, at, digits] = [0, at + 1, 0];
    } else if (code >= 48 && code <= 57 && digits < 3) {
      [octet, digits] = [octet * 10 + code - 48, digits + 1];
    } else return undefined;
  }
  return at === 4 ? buffer : undefined;
}

/** Sixteen. Undefined: it is no IPv6 address. */
export function bytes6(text: string): Buffer | undefined {
  const gap = text.indexOf('::');
  const head = words(gap < 0 ? text : text.slice(0, gap));
  const tail = gap < 0 ? [] : words(text.slice(gap + 2));
  if (!head || !tail || (gap < 0 ? head.length !== 8 : head.length + tail.length > 7)) return undefined;
  const buffer = Buffer.alloc(16);
  for (const [i, word] of head.entries()) buffer.writeUInt16BE(word, 2 * i);
  for (const [i, word] of tail.entries()) buffer.writeUInt16BE(word, 16 - 2 * (tail.length - i));
  return buffer;
}

function words(text: string): number[] | undefined {
  if (text === '') return [];
  const all: number[] = [];
  for (const group of text.split(':')) {
    const word = /^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : undefined;
    if (word === undefined) return undefined;
    all.push(word);
  }
  return all;
}

/** As RFC 5952 wants it: lower case, the first of the longest runs of zero groups shortened. */
export function text6(bytes: Buffer): string {
  let [from, length] = [-1, 1];
  for (let i = 0; i < 8; i += 1) {
    let run = 0;
    while (i + run < 8 && bytes.readUInt16BE(2 * (i + run)) === 0) run += 1;
    if (run > length) [from, length] = [i, run];
    if (run > 0) i += run;
  }
  const groups = (begin: number, end: number): string => {
    let text = '';
    for (let i = begin; i < end; i += 1) text += `${i > begin ? ':' : ''}${bytes.readUInt16BE(2 * i).toString(16)}`;
    return text;
  };
  return from < 0 ? groups(0, 8) : `${groups(0, from)}::${groups(from + length, 8)}`;
}
