import { writeFileSync } from 'node:fs';
import { runtimesPage } from './runtimes-page.ts';

/** `npx nx run @oak/node-engine:docs` */
writeFileSync(new URL('../../../../docs/runtimes.md', import.meta.url), runtimesPage());
