#!/usr/bin/env node
import { homedir } from 'node:os';
import { exitCodes } from './failure.ts';
import { run } from './run.ts';

process.on('SIGINT', () => { process.exit(exitCodes.interrupted); });
// Who reads has seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed); });

const { env, stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, now: Date.now, cwd: process.cwd(), home: homedir() });
