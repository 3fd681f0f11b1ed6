import { Controller, Get } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiOperation } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveApiDocs } from './api-docs.ts';

@Controller('api/things')
class ThingsController {
  @Get()
  @ApiOperation({ summary: 'All things' })
  all(): string[] {
    return [];
  }
}

let app: NestFastifyApplication;
beforeAll(async () => {
  const module = await Test.createTestingModule({ controllers: [ThingsController] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  serveApiDocs(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

const get = (url: string, accept?: string) => app.inject({ method: 'GET', url, headers: accept === undefined ? {} : { accept } });

test.each([['/api/docs', 'application/json'], ['/api/docs', '*/*'], ['/api/docs', undefined], ['/api/docs/json', 'text/html'], ['/docs/openapi.json', undefined]])('%s for %s is the description', async (url, accept) => {
  const answer = await get(url, accept);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.json()).toMatchObject({ openapi: '3.1.0', paths: { '/api/things': { get: { summary: 'All things' } } } });
});

test('a browser gets a page, and all that the page asks for is here', async () => {
  const answer = await get('/api/docs', 'text/html,application/xhtml+xml,*/*;q=0.8');
  expect([answer.statusCode, answer.headers['content-type'], answer.headers['vary']]).toEqual([200, 'text/html; charset=utf-8', 'accept']);
  const asked = [...answer.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(asked.length).toBeGreaterThan(3);
  for (const path of asked) expect([(await get(path)).statusCode, path]).toEqual([200, path]);
  expect((await get('/api/docs/swagger-ui-bundle.js')).body).toContain('SwaggerUIBundle');
});
