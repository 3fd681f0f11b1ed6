import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbers } from '../descriptors/outcome.ts';
import { AWorld } from '../testing/a-world.ts';
import { parseDuration } from './duration.ts';
import { sheet } from './sheet.ts';
import { textTable } from './table.ts';
import { Terminal } from './terminal.ts';
import { age, milliseconds, plain } from './words.ts';

describe('words', () => {
  it.each([[0, '0s'], [59_999, '59s'], [60_000, '1m'], [3_599_999, '59m'], [86_400_000, '1d'], [-5, '0s']])('age of %d ms', (ms, text) => { expect(age(ms)).toBe(text); });
  it.each([['500ms', 500], ['2', 2_000], ['1.5s', 1_500], ['2m', 120_000], ['1h', 3_600_000], ['0s', undefined], ['', undefined], ['5d', undefined], ['-1s', undefined], ['9999h', undefined]])('duration %s', (text, ms) => { expect(parseDuration(text)).toBe(ms); });
  it.each([[12.4, '12ms'], [9_999, '9999ms'], [12_345, '12.3s'], [undefined, '-']])('%s ms', (ms, text) => { expect(milliseconds(ms)).toBe(text); });
  it.each([[[], ''], [[3], '3'], [[3, 1, 2], '1-3'], [[0, 1, 5, 7, 8], '0-1,5,7-8']])('numbers %j', (all, text) => { expect(numbers(all)).toBe(text); });

  it('no text of others can steer a terminal', () => {
    expect(plain('\u001b[31mred\u001b]0;title\u0007\r\nnext')).toBe(' [31mred ]0;title next');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\u0000-\u001f\u007f-\u009f]/.test(plain(text))));
  });
});

describe('tables', () => {
  it('align by what is seen, without trailing space', () => {
    expect(textTable(['A', 'B'], [['\u001b[32mlong\u001b[39m', 'x'], ['s', 'y'], ['日本', 'z']]).split('\n')).toEqual(['A     B', '\u001b[32mlong\u001b[39m  x', 's     y', '日本  z']);
  });

  it('sheets leave out what is not known', () => {
    expect(sheet([['Name', 'a'], ['Address', 'b\nc'], ['None', undefined]])).toBe('Name     a\nAddress  b\n         c');
  });
});

describe('colours', () => {
  it.each([[false, {}, false], [true, {}, true], [true, { NO_COLOR: '1' }, false], [true, { NO_COLOR: '' }, true], [true, { TERM: 'dumb' }, false]])('at a terminal: %s, with %j', (isTTY, env, coloured) => {
    const place = new AWorld();
    place.isTTY = isTTY;
    Object.assign(place.env, env);
    expect(new Terminal(place.outside().world).paint('red', 'x') !== 'x').toBe(coloured);
  });
});
