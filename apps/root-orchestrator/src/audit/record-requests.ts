import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Clock } from '@oak/reconcile';
import type { Identified } from '../auth/identity.ts';
import type { Audit } from './audit.ts';

type Fastify = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;
const looking = new Set(['GET', 'HEAD', 'OPTIONS']);
const loginPath = '/api/auth/login';
const textMost = 512;

/** All that would change something and came from somebody, refused or not; and logins. */
export function recordRequests(fastify: Fastify, audit: Audit, clock: Clock): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    done();
    const path = request.url.split('?')[0] ?? '';
    const { caller } = request as unknown as { caller?: Identified };
    const actor = caller?.sub ?? (path.replace(/\/$/, '') === loginPath ? nameIn(request.body) : undefined);
    // What nobody known asks for changes nothing, and could be sent to push out the rest.
    if (looking.has(request.method) || actor === undefined || reply.statusCode === 429) return;
    audit.add({
      atMs: clock.now(), actor, ...(caller && { organisation: caller.organization }), address: request.ip, method: request.method, path: path.slice(0, textMost), status: reply.statusCode,
    });
  });
}

function nameIn(body: unknown): string | undefined {
  const name = typeof body === 'object' && body !== null && 'username' in body ? body.username : undefined;
  return typeof name === 'string' ? name.slice(0, textMost) : undefined;
}
