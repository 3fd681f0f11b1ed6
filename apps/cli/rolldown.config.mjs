import { defineConfig } from 'rolldown';
import common from '../../rolldown.config.mjs';

/** In pieces: `oak --help` reads no schema, no YAML and no table. One file of all takes V8 longer to parse than to run. */
const { file: _file, codeSplitting: _whole, ...output } = common.output;

export default defineConfig({
  ...common,
  output: { ...output, dir: 'dist', entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js', cleanDir: true },
});
