import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Problem } from './problem.ts';
import { withSharedSchemas } from './shared-schemas.ts';

const title = 'Oakestra root orchestrator';
/** Of the package that draws the page; read when somebody looks at it. */
const parts: Readonly<Record<string, string>> = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' };
const resolve = createRequire(import.meta.url).resolve;

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="page"><noscript>This page needs scripts. The description itself is at <a href="/api/docs/json">/api/docs/json</a>.</noscript></div>
<script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/start.js"></script></body>
</html>
`;
const start = "SwaggerUIBundle({ url: '/api/docs/json', dom_id: '#page', deepLinking: true, persistAuthorization: true });\n";
/** Nothing from elsewhere. The page sets styles of its own and draws small pictures from its text. */
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/** The description of this API, made once: JSON at /api/docs/json, and where Oakestra has it; at /api/docs a page for people, JSON for all others. */
export function serveApiDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const config = new DocumentBuilder().setTitle(title).setVersion('1').addBearerAuth().setOpenAPIVersion('3.1.0').build();
  let made: string | undefined;
  const json = (): string => (made ??= JSON.stringify(withSharedSchemas(SwaggerModule.createDocument(app, config))));
  for (const path of ['/api/docs/json', '/docs/openapi.json']) fastify.get(path, (_request, reply) => reply.type('application/json').send(json()));
  fastify.get('/api/docs', (request, reply) => {
    void reply.header('vary', 'accept');
    if (!wantsPage(request.headers.accept)) return reply.type('application/json').send(json());
    return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page);
  });
  fastify.get('/api/docs/start.js', (_request, reply) => reply.type('text/javascript').send(start));
  for (const [name, type] of Object.entries(parts)) fastify.get(`/api/docs/${name}`, async (_request, reply) => reply.type(type).send(await part(name)));
}

/** A browser names HTML; what takes anything gets JSON, as always. */
function wantsPage(accept: string | undefined): boolean {
  return /\btext\/html\b/.test(accept ?? '');
}

async function part(name: string): Promise<string> {
  try {
    return await readFile(resolve(`swagger-ui-dist/${name}`), 'utf8');
  } catch (error) {
    throw new Problem(501, 'Not installed', `the page needs the package swagger-ui-dist beside this program; the description itself is at /api/docs/json (${error instanceof Error ? error.message : String(error)})`);
  }
}
