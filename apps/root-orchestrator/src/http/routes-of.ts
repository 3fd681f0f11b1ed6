import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem } from './problem.ts';

type Fastify = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;
export interface Route { readonly method: string; readonly url: string }

/** Every route that is made from now on. Ask before the application makes its own. */
export function collectRoutes(fastify: Fastify): Route[] {
  const routes: Route[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url });
  });
  return routes;
}

/** A path that is there for other methods is not "not found". @throws Problem 405 */
export function refuseOtherMethods(fastify: Fastify, routes: readonly Route[]): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404 || request.method === 'OPTIONS') { done(); return; }
    const path = request.url.split('?')[0] ?? '';
    const allowed = [...new Set(routes.filter(({ url }) => matches(url, path)).map(({ method }) => method))].sort();
    if (allowed.length === 0 || allowed.includes(request.method)) done();
    else done(new Problem(405, 'Method not allowed', `${request.method} ${path}: there is ${allowed.join(', ')}`, [], { allow: allowed.join(', ') }));
  });
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern, path].map((one) => one.split('/').filter((part) => part !== ''));
  return wanted !== undefined && given?.length === wanted.length && wanted.every((part, at) => part.startsWith(':') || part === given[at]);
}
