import { writeFileSync } from 'node:fs';
import { asyncApi } from './async-api.ts';

/** `npm run docs` */
writeFileSync(new URL('../../../../docs/reference/asyncapi.json', import.meta.url), `${JSON.stringify(asyncApi(), null, 1)}\n`);
