import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Lab } from './lab.ts';

const loginSchema = z.object({ token: z.string() });
const nodesSchema = z.object({ nodes: z.array(z.object({ name: z.string() })) });

/** A bearer token of the administrator. */
export async function login(lab: Lab): Promise<string> {
  const response = await fetch(`${lab.restUrl}/api/auth/login`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(await lab.credentials()),
  });
  if (!response.ok) throw new Error(`login at ${lab.restUrl} refused: ${response.status} ${await response.text()}`);
  return loginSchema.parse(await response.json()).token;
}

async function listedNodes(lab: Lab, token: string): Promise<string[]> {
  const response = await fetch(`${lab.restUrl}/api/nodes?limit=500`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`GET /api/nodes: ${response.status} ${await response.text()}`);
  return nodesSchema.parse(await response.json()).nodes.map(({ name }) => name);
}

/** Resolves when root lists all these nodes. @throws Error that names the missing ones after the deadline */
export async function untilListed(lab: Lab, names: readonly string[], deadlineMs: number): Promise<void> {
  const token = await login(lab);
  const end = Date.now() + deadlineMs;
  for (;;) {
    const listed = await listedNodes(lab, token);
    const missing = names.filter((name) => !listed.includes(name));
    if (missing.length === 0) return;
    if (Date.now() > end) throw new Error(`root does not list ${missing.join(', ')} after ${deadlineMs} ms; see the logs in ${lab.dir}/logs`);
    await pause(50);
  }
}
