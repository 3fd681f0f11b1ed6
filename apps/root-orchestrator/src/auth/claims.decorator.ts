import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Claims } from './tokens.ts';

/** Who calls, as the guard found. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Claims => context.switchToHttp().getRequest<{ claims: Claims }>().claims);

/** Where a request comes from. Nobody in between is believed. */
export const Address = createParamDecorator((_: unknown, context: ExecutionContext): string => context.switchToHttp().getRequest<{ ip: string }>().ip);
