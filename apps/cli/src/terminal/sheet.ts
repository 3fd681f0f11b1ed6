/** Lines of a word and what it is; who has nothing to say is left out. */
export function sheet(lines: readonly (readonly [word: string, text: string | undefined])[]): string {
  const said = lines.filter((line): line is readonly [string, string] => line[1] !== undefined && line[1] !== '');
  const width = Math.max(0, ...said.map(([word]) => word.length));
  return said.map(([word, text]) => `${word.padEnd(width)}  ${text.split('\n').join(`\n${' '.repeat(width + 2)}`)}`).join('\n');
}
