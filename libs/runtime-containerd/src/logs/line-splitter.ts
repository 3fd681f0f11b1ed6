import { StringDecoder } from 'node:string_decoder';

/** A line that is longer is told in parts, so that a program without newlines does not fill the memory. */
const longestLine = 64 * 1024;

/** Bytes in, whole lines out. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(bytes: Buffer): string[] {
    const [...lines] = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length < longestLine) return lines;
    lines.push(this.#rest);
    this.#rest = '';
    return lines;
  }

  /** The last line when no newline ended it. */
  flush(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}
