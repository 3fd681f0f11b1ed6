import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from './tokens.ts';

/** Who calls, as the guard found. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Claims => context.switchToHttp().getRequest<{ claims: Claims }>().claims);
