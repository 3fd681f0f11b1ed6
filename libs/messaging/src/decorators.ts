import { applyDecorators, Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { BUS, type HandlerExtras } from './bus-strategy.ts';
import type { EventHandler, QueueOptions, RequestHandler } from './bus.ts';
import type { EventDefinition, RequestDefinition } from './message.ts';

type Decorates<Handler> = <H extends Handler>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<H>) => void;

/** Nest replaces every error that it does not know by "Internal server error"; this hands it on as it is. */
@Catch()
class HandOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** Nest hands only the payload to a method whose parameters are not decorated. */
const PayloadAndContext: MethodDecorator = (target, name) => {
  Payload()(target, name, 0);
  Ctx()(target, name, 1);
};

/** The method hears this event. Taking the definition, it does not compile with another payload. */
export function OnEvent<T>(event: EventDefinition<T>, { queue }: QueueOptions = {}): Decorates<EventHandler<T>> {
  const extras: HandlerExtras = { definition: event, ...(queue === undefined ? {} : { queue }) };
  return applyDecorators(PayloadAndContext, EventPattern<string>(event.subject, BUS, { ...extras }), UseFilters(HandOn));
}

/** The method answers this request; it throws `Rejected` to refuse. */
export function OnRequest<T, R>(request: RequestDefinition<T, R>, { queue }: QueueOptions = {}): Decorates<RequestHandler<T, R>> {
  const extras: HandlerExtras = { definition: request, ...(queue === undefined ? {} : { queue }) };
  return applyDecorators(PayloadAndContext, MessagePattern<string>(request.subject, BUS, { ...extras }), UseFilters(HandOn));
}
