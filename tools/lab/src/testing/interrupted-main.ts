import { interruption, untilInterrupted } from '../until-interrupted.ts';

const signal = interruption();
console.log('waiting');
await untilInterrupted(signal);
console.log('interrupted');
