import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Problem } from '../http/problem.ts';
import { Tokens, type Claims } from './tokens.ts';

const PUBLIC = 'oak:public';
/** No token needed. Everything else needs one. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

interface Request { headers: Record<string, string | undefined>; claims?: Claims }

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector, @Inject(Tokens) private readonly tokens: Tokens) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http' || this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const claims = await this.tokens.check('access', bearer(request.headers['authorization']));
    if (!claims) throw new Problem(401, 'Unauthorized', 'Missing authentication token: log in by POST /api/auth/login and send "Authorization: Bearer <token>"');
    request.claims = claims;
    return true;
  }
}

export function bearer(header: string | undefined): string {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
}
