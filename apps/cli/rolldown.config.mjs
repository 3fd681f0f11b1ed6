import { defineConfig } from 'rolldown';
import common from '../../rolldown.config.mjs';

/** In pieces: `oak --help` reads no schema, no YAML and no table. One file of all takes V8 longer to parse than to run. */
export default defineConfig({
  ...common,
  output: { ...common.output, file: undefined, codeSplitting: true, dir: 'dist', entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js', cleanDir: true },
});
