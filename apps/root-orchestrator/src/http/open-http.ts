import { NestFactory } from '@nestjs/core';
import type { LogLevel } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { BusStrategy } from '@oak/messaging';
import { AppModule, type Parts } from '../app.module.ts';
import { recordRequests } from '../audit/record-requests.ts';
import { served } from '../served.ts';
import { serveApiDocs } from './api-docs.ts';
import { collectRoutes, refuseOtherMethods, type Route } from './routes-of.ts';

const bodyLimitBytes = 1 << 20;

export interface HttpOptions {
  /** Web pages of these origins may ask: `https://host:port`. Empty: none. */
  readonly corsOrigins: readonly string[];
  readonly logLevels: LogLevel[] | false;
}

/** The whole REST interface, and what clusters say on the bus; nothing listens yet. */
export async function openHttp(parts: Parts, { corsOrigins, logLevels }: HttpOptions): Promise<{ app: NestFastifyApplication; routes: readonly Route[] }> {
  const adapter = new FastifyAdapter({ bodyLimit: bodyLimitBytes, routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 } });
  const routes = collectRoutes(adapter.getInstance());
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, { logger: logLevels, forceCloseConnections: true, bodyParser: false });
  refuseOtherMethods(adapter.getInstance(), routes);
  recordRequests(adapter.getInstance(), parts.audit, parts.clock);
  if (corsOrigins.length > 0) app.enableCors({ origin: [...corsOrigins], methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], optionsSuccessStatus: 200, exposedHeaders: ['etag', 'link', 'location', 'retry-after'], maxAge: 600 });
  acceptEmptyJson(app);
  serveApiDocs(app);
  app.connectMicroservice({ strategy: new BusStrategy(parts.root.options.bus, [], { served }) });
  return { app, routes };
}

/** Oakestra's clients send `content-type: application/json` with no body when they deploy. */
function acceptEmptyJson(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body: string, done) => {
    try {
      done(null, body.trim() === '' ? undefined : JSON.parse(body) as unknown);
    } catch (error) {
      done(Object.assign(new Error(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`), { statusCode: 400, code: 'Malformed JSON' }));
    }
  });
}
