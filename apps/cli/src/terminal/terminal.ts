import { once } from 'node:events';
import { styleText } from 'node:util';
import type { World } from '../world.ts';

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** Data goes to stdout, talk to stderr; colours only where a person looks. */
export class Terminal {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Data, one line or several. Resolves when the reader keeps up. */
  print(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Data as it is. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (!this.#world.stdout.write(bytes)) await once(this.#world.stdout, 'drain');
  }

  /** Talk: what is being done, warnings, progress. */
  say(text: string): void {
    this.#world.stderr.write(`${text}\n`);
  }

  /** For stdout. */
  paint(colour: Colour, text: string): string {
    return this.#isColoured(this.#world.stdout) ? styleText(colour, text, { validateStream: false }) : text;
  }

  /** For stderr. */
  paintTalk(colour: Colour, text: string): string {
    return this.#isColoured(this.#world.stderr) ? styleText(colour, text, { validateStream: false }) : text;
  }

  #isColoured(screen: { readonly isTTY?: boolean }): boolean {
    const { NO_COLOR: none, TERM: kind } = this.#world.env;
    return screen.isTTY === true && !none && kind !== 'dumb';
  }
}
