export type { FakeImage, FakeRuntimeClock } from './fake-process.ts';
export { FakeRuntime, type FakeRuntimeOptions, type FakeVerb, fakeCommand } from './fake-runtime.ts';
export type { Program, Shown, Step } from './program.ts';
export { runtimeConformance } from './runtime-conformance.ts';
export { aWorkload, type RuntimeSubject, type SubjectTraits, type TestImages } from './runtime-subject.ts';
