import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { isAlreadyExists, isLocked, isNotFound, translateRpcError } from './rpc-error.ts';

const answer = (code: status, details: string): ServiceError => Object.assign(new Error(details), { code, details, metadata: new Metadata() });
const translate = (code: status, details: string) => translateRpcError(answer(code, details), 'Tasks.Create', '/run/x.sock');

test.each([
  [status.UNAVAILABLE, 'connect ENOENT /run/x.sock', 'temporary', /at \/run\/x\.sock.*is containerd running/],
  [status.UNAVAILABLE, 'connect EACCES /run/x.sock', 'failed', /rights of root/],
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'temporary', /overloaded/],
  [status.UNKNOWN, 'write /var/lib/x: no space left on device', 'temporary', /disk is full/],
  [status.FAILED_PRECONDITION, 'unexpected commit digest sha256:aa, expected sha256:bb', 'invalid', /sha256:aa, expected sha256:bb.*damaged/],
  [status.UNKNOWN, 'failed to start shim: runtime "io.containerd.nope.v1" binary not installed "containerd-shim-nope-v1": file does not exist', 'failed', /install the shim/],
  [status.UNKNOWN, 'OCI runtime create failed: unable to retrieve OCI runtime error (open log.json: no such file): exec: "crun": executable file not found in $PATH', 'failed', /runtime's binary/],
  [status.UNKNOWN, 'OCI runtime create failed: runc create failed: exec: "/bin/nope": stat /bin/nope: no such file or directory', 'failed', /\/bin\/nope.*no such command/],
  [status.UNKNOWN, 'exec /hello: exec format error', 'invalid', /another architecture/],
  [status.UNKNOWN, 'ttrpc: closed: unknown', 'temporary', /shim went away/],
  [status.NOT_FOUND, 'container "a": not found', 'failed', /container "a": not found/],
  [status.INVALID_ARGUMENT, 'identifier is bad', 'bug', /identifier is bad/],
  [status.UNKNOWN, '', 'failed', /UNKNOWN/],
] as const)('%i %s', (code, details, kind, message) => {
  const error = translate(code, details);
  expect(error.kind).toBe(kind);
  expect(error.message).toMatch(message);
  expect(error).toMatchObject({ code, details });
});

test('codes are asked for by name', () => {
  expect(isNotFound(translate(status.NOT_FOUND, ''))).toBe(true);
  expect(isAlreadyExists(translate(status.ALREADY_EXISTS, ''))).toBe(true);
  expect(isLocked(translate(status.UNAVAILABLE, 'ref x locked for 1s: unavailable'))).toBe(true);
  expect(isLocked(translate(status.UNAVAILABLE, 'connect ENOENT'))).toBe(false);
  expect(isNotFound(new Error('not found'))).toBe(false);
});
