import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import { serviceSchema } from '../root/views.ts';
import { aService, anInstance } from '../testing/views.ts';
import { nameInstances, nameServices } from './named.ts';
import { pick } from './pick.ts';
import { select } from './select.ts';

const services = nameServices(['shop/web', 'shop/webshop', 'mail/web', 'mail/imap'].map((name) => serviceSchema.parse(aService(name, [anInstance(0, 'RUNNING', { id: `i-${name}-0` }), anInstance(12, 'RUNNING', { id: `i-${name}-12` })]))));
const instances = nameInstances(services);
const found = (reference: string): string | readonly string[] | undefined => {
  const selection = select(reference, services, instances);
  switch (selection.kind) {
    case 'one': return selection.candidate.name;
    case 'several': return selection.candidates.map(({ name }) => name);
    case 'none': return undefined;
  }
};

describe('select', () => {
  it.each<[string, string, ReturnType<typeof found>]>([
    ['a whole name beside a longer one', 'shop/web', 'shop/web'],
    ['the service alone, where there is one', 'imap', 'mail/imap'],
    ['the service alone, where there are two', 'web', ['shop/web', 'mail/web']],
    ['a beginning', 'shop/webs', 'shop/webshop'],
    ['a beginning of several', 'shop/w', ['shop/web', 'shop/webshop']],
    ['the job name', 'mail.ns.imap.ns', 'mail/imap'],
    ['with namespaces', 'mail.ns/imap.ns', 'mail/imap'],
    ['an id', 'id-mail-imap', 'mail/imap'],
    ['the beginning of an id', 'id-mail-im', 'mail/imap'],
    ['an instance', 'shop/web/12', 'shop/web/12'],
    ['an instance of a service by its short name', 'imap/0', 'mail/imap/0'],
    ['an instance by its name at runtime', 'mail.ns.imap.ns.instance.12', 'mail/imap/12'],
    ['a beginning means the service, not its instances', 'mail/im', 'mail/imap'],
    ['the beginning of a number', 'mail/imap/1', 'mail/imap/12'],
    ['nothing', '', undefined],
    ['nobody', 'nobody', undefined],
    ['too short for an id', 'id-', undefined],
  ])('%s: %s', (_what, reference, expected) => {
    expect(found(reference)).toEqual(expected);
  });

  it('what is shown always leads back to the same one', () => {
    const name = fc.constantFrom('a', 'ab', 'b', 'web', 'webs');
    const all = fc.uniqueArray(fc.record({ app: name, appNs: name, service: name, serviceNs: name }), { selector: (one) => Object.values(one).join(), minLength: 1, maxLength: 12 });
    fc.assert(fc.property(all, (made) => {
      const named = nameServices(made.map(({ app, appNs, service, serviceNs }, at) => serviceSchema.parse(aService(`${app}/${service}`, [anInstance(at, 'RUNNING', { id: `instance-id-${at}` })], {
        app_ns: appNs, microservice_namespace: serviceNs, microserviceID: `service-id-${at}`, applicationID: `${app}.${appNs}`, job_name: `${app}.${appNs}.${service}.${serviceNs}`,
      }))));
      const running = nameInstances(named);
      for (const one of [...named, ...running]) {
        expect(select<{ name: string; id: string; names: readonly string[] }>(one.name, named, running)).toMatchObject({ kind: 'one', candidate: { id: one.id } });
      }
    }));
  });
});

describe('pick', () => {
  const failure = (reference: string): Failure => {
    try {
      pick('service', reference, services);
    } catch (error) {
      if (error instanceof Failure) return error;
    }
    throw new Error('it was picked');
  };

  it('lists the candidates of a name that can mean several', () => {
    expect(failure('web')).toMatchObject({ exitCode: 2, faults: [{ message: 'shop/web   id-shop-web' }, { message: 'mail/web   id-mail-web' }] });
  });

  it('lists what there is when nobody is called so', () => {
    expect(failure('nobody')).toMatchObject({ exitCode: 3, remedy: 'there are: shop/web, shop/webshop, mail/web, mail/imap' });
  });
});
