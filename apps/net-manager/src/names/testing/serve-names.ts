import { realClock } from '@oak/reconcile';
import { NameServer } from '../name-server.ts';
import { serviceRoute } from './service-route.ts';

/** A name server on the usual port of loopback, for an instance of the application `shop` in `prod`; it says when it is there. */
const caller = { applicationId: 'a'.repeat(24), organisation: 'acme', application: 'shop', namespace: 'prod' };
const routes = [
  serviceRoute('shop.prod.db.back', 1, { applicationId: caller.applicationId }),
  serviceRoute('mail.prod.smtp.front', 2, { organisation: 'acme', policy: 'organisation' }),
  serviceRoute('maps.prod.tiles.front', 3, { policy: 'public' }),
];
await new NameServer({ addresses: () => ['127.0.0.1', '::1'], caller: () => caller, routes: () => routes, upstreams: () => [], clock: realClock, log: console.error }).refresh();
console.log('ready');
