import { writeFileSync } from 'node:fs';
import { cliPage } from './cli-page.ts';

/** `npx nx run @oak/cli:docs` */
writeFileSync(new URL('../../../../docs/cli.md', import.meta.url), cliPage());
