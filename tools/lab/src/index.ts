export type { ExecOptions, Outcome } from './host.ts';
export { Lab, type Program } from './lab.ts';
export type { HostRecord, HostRole, LabRecord, ProgramRecord, Ready } from './lab-record.ts';
export { createLab, openLab } from './open-lab.ts';
export { login } from './root-rest.ts';
export { startLab } from './start-lab.ts';
export { labStatus, type LabStatus } from './status.ts';
export { takeDown } from './take-down.ts';
export type { AppName, LabOptions, NodeOptions } from './topology.ts';
