import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { Claims } from '../auth/tokens.ts';
import { Problem } from '../http/problem.ts';
import { Idempotency, type Named } from './idempotency.ts';

interface Request { method: string; url: string; body: unknown; headers: Record<string, string | undefined>; claims?: Claims }
interface Reply { statusCode: number; status(code: number): Reply; header(name: string, value: string): Reply }

/** `Idempotency-Key` of any POST of somebody who is known. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(@Inject(Idempotency) private readonly idempotency: Idempotency) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<Request>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.claims) return next.handle();
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Problem(422, 'Invalid request', 'Idempotency-Key: expected 1 to 255 visible characters');
    const named = { user: request.claims.userId, method: request.method, path: request.url, key, body: request.body ?? null };
    return from(this.#once(named, next, context.switchToHttp().getResponse<Reply>()));
  }

  async #once(named: Named, next: CallHandler, reply: Reply): Promise<unknown> {
    const before = await this.idempotency.begin(named);
    if (before) {
      reply.status(before.status).header('idempotent-replayed', 'true');
      return JSON.parse(before.text) as unknown;
    }
    try {
      const made: unknown = await lastValueFrom(next.handle(), { defaultValue: null });
      await this.idempotency.finish(named, { status: reply.statusCode, text: JSON.stringify(made ?? null) });
      return made;
    } catch (error) {
      await this.idempotency.abandon(named);
      throw error;
    }
  }
}
