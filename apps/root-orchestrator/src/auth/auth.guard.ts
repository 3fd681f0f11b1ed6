import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { forbidden, Problem } from '../http/problem.ts';
import { routes, type Rule, type Scope } from './access.ts';
import { Identity, type Identified } from './identity.ts';
import type { Claims } from './tokens.ts';

interface Request { method: string; routeOptions: { url?: string }; params: Record<string, string | undefined>; headers: Record<string, string | undefined>; caller?: Identified; claims?: Claims }

/** Everything over HTTP passes here. The table decides. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Identity) private readonly identity: Identity) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const rule = ruleOf(request.method, request.routeOptions.url ?? '');
    if (rule === 'open') return true;
    const caller = await this.identity.of(bearer(request.headers['authorization']));
    if (!caller) throw new Problem(401, 'Unauthorized', 'Missing authentication token: log in by POST /api/auth/login and send "Authorization: Bearer <token>"', [], { 'www-authenticate': 'Bearer' });
    // Also of who is refused: the audit log says who tried.
    request.caller = caller;
    const isOwn = rule?.own !== undefined && request.params['username'] === caller.sub;
    const scope = rule && scopeFor(rule, caller, isOwn);
    if (!scope) throw forbidden();
    if (caller.mustChangePassword && !isOwn && rule.resource !== 'self') throw new Problem(403, 'Password to be changed', `the password of ${caller.sub} was chosen by somebody else and its time is over: choose another one by POST /api/user/${caller.sub} {"oldPassword": ..., "newPassword": ...}`);
    request.claims = { ...caller, scope };
    return true;
  }
}

/** Undefined: nobody said who may. HEAD is GET without its body. */
export function ruleOf(method: string, url: string): Rule | undefined {
  return routes[`${method === 'HEAD' ? 'GET' : method} ${url.length > 1 ? url.replace(/\/$/, '') : url}`];
}

/** An API token reaches its owner's account by the resource `self` alone. */
function scopeFor({ resource, verb, own }: Exclude<Rule, 'open'>, caller: Identified, isOwn: boolean): Scope | undefined {
  if (own === 'only' && !isOwn) return undefined;
  return caller.may(resource, verb) ?? (isOwn ? caller.may('self', verb) : undefined);
}

export function bearer(header: string | undefined): string {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
}
