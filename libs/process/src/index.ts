export { ConfigError, listenSchema, millisecondsSchema, readConfig, type Listen } from './config.ts';
export { defaultStateDir } from './default-state-dir.ts';
export { newId } from './ids.ts';
export { onSignal } from './on-signal.ts';
export { StateDir } from './state-dir.ts';
