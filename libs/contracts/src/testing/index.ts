export { examplesOf } from './examples-of.ts';
