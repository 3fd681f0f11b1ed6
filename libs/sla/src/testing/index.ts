export { arbitraryMicroservice, arbitraryPorts, arbitrarySla } from './arbitrary-sla.ts';
