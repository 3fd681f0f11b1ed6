/** Where we answer otherwise than Oakestra 0.4.411 did, and why. By the number of the recorded exchange. */
export interface Difference {
  /** Ours. Absent: the same, and the body differs. */
  readonly status?: number;
  /** The shape of the body is another one. */
  readonly body?: true;
  /** The status of a microservice is another one. */
  readonly says?: string;
  readonly reason: string;
}

const fault = 'a fault of the request was a fault of the server there (500)';

export const differences: Readonly<Record<number, Difference>> = {
  6: { status: 422, reason: `${fault}; ours names the field that is missing` },
  8: { status: 415, reason: 'a body that does not say that it is JSON is no matter of permissions (403)' },
  13: { status: 401, reason: 'a token that can not be read is as good as none; half of its routes said 401 and half 422, and clients log in anew at 401 only' },
  17: { body: true, reason: 'each describes its own interface; the path is the same' },
  22: { status: 409, reason: 'it said 200 with a list in which a 409 stood; nobody was registered' },
  38: { status: 404, reason: 'it said "deleted" of an organization that was not there' },
  41: { status: 200, body: true, reason: 'the answer itself at once, where it sent clients on to the same path with a slash (308); they follow either' },
  45: { status: 422, reason: `${fault}; ours says which version is read` },
  46: { status: 422, reason: `${fault}; ours says which version is read` },
  47: { status: 422, reason: `${fault}; ours names all that is missing` },
  48: { status: 409, reason: 'it said 200 and left an application without its microservice; ours names the address that is taken, and makes nothing' },
  49: { status: 422, reason: 'it said 200 and left an application without its microservice; ours names the range, and makes nothing' },
  50: { status: 200, body: true, reason: `${fault}; ours takes amd64 for a unikernel without "arch", and says so in a warning` },
  62: { status: 409, reason: 'it said 200, and the instances of the microservice that had the name were forgotten while they ran' },
  63: { status: 422, reason: 'one status for every fault of a descriptor, with the field; it said 422 here for applications and 400 for microservices' },
  64: { status: 404, reason: 'what does not exist is not found, as in its other answers; it said 400' },
  65: { status: 422, reason: 'it knew the path and did nothing (501). Ours updates, and this descriptor holds another microservice' },
  67: { status: 404, reason: 'it said "ok" and nothing was deployed' },
  83: { says: 'TargetClusterNotFound', reason: 'the cluster that the descriptor names does not exist; Oakestra calls that "not active" too' },
  89: { says: 'TargetClusterNoCapacity', body: true, reason: 'no node has that name: the cluster gave the instance back, with the reason. There it stayed CLUSTER_SCHEDULED for good' },
  90: { says: 'TargetClusterNotFound', reason: 'as 83' },
  96: { says: 'TargetClusterNoCapacity', body: true, reason: 'as 89: it still waits, and says for what' },
  97: { says: 'TargetClusterNotFound', reason: 'as 83' },
  104: { says: 'UNDEPLOYED', reason: 'its only instance was removed; there it was still called RUNNING' },
  101: { status: 422, reason: `${fault}; ours says what an instance number is` },
  102: { status: 404, reason: 'it said "ok" of an instance that was not there' },
  106: { status: 404, reason: `${fault}: what does not exist is not found` },
  110: { status: 404, reason: 'what does not exist is not found; it said 501' },
  112: { status: 404, reason: `${fault}: what does not exist is not found` },
  113: { status: 401, reason: `${fault}: the token of a user who was removed is good for nothing` },
};

/** Fields that Oakestra has and we do not. */
export const fieldDifferences: readonly { readonly field: RegExp; readonly reason: string }[] = [
  { field: /^(\[\]\.)?password$/, reason: 'the hash of a password never leaves root' },
  { field: /^\[\]\.(ip|port)$/, reason: 'where a cluster is, is not told to who is not logged in; nobody needs it, since clusters call root' },
  { field: /^\[\]\.(gpu_percent|gpu_temp|vram|vram_percent|cpu_history|memory_history)$/, reason: 'not measured, so not claimed' },
  { field: /(^|\.)instance_list\[\]\.(cpu_percent|memory_percent|disk|cpu_history|memory_history|host_port)$/, reason: 'not measured, so null or empty; a node has no port that anybody could call' },
];
