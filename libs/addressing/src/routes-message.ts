import type { Route, Routes } from '@oak/contracts';
import type { ChainedMessage } from '@oak/reconcile';

/** As it travels. */
export function routesOf(message: ChainedMessage<Route>): Routes {
  if (message.kind === 'incremental') return { ...message, set: [...message.set], remove: [...message.remove] };
  const { items, ...head } = message;
  return { ...head, routes: [...items] };
}

/** As it arrived. */
export function chainedOf(routes: Routes): ChainedMessage<Route> {
  if (routes.kind === 'incremental') return routes;
  const { routes: items, ...head } = routes;
  return { ...head, items };
}
