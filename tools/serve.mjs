/** `npx nx serve APP`: bundles the app in the working folder, runs it, and does both again on every change of it or of a library. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'rolldown';
import config from '../rolldown.config.mjs';

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

async function stop() {
  const app = running;
  running = undefined;
  if (!app || app.exitCode !== null || app.signalCode !== null) return;
  const ended = once(app, 'exit');
  app.kill('SIGTERM');
  await ended;
}

const bundler = watch({ ...config, output: { ...config.output, sourcemap: true } });
bundler.on('event', async (event) => {
  if (event.code === 'ERROR') console.error(event.error.message);
  if (event.code === 'BUNDLE_END') {
    console.log(`built in ${event.duration} ms`);
    await event.result.close();
  }
  if (event.code !== 'END') return;
  await stop();
  running = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { stdio: 'inherit' });
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await bundler.close();
    await stop();
    process.exit(0);
  });
}
