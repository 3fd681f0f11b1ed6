import { array, assert, boolean, constantFrom, nat, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NetworkPolicy, Route } from '@oak/contracts';
import { isReachable, partyId, RoutePlanner, type RoutedInstance, type ServiceEntry } from './route-planner.ts';

/** What each receiver would know by now. */
function planner(options: { readonly own: 'cluster' | 'node' } = { own: 'node' }) {
  const known = new Map<string, Map<string, Route>>();
  const page = (receiver: string): Map<string, Route> => known.get(receiver) ?? known.set(receiver, new Map()).get(receiver)!;
  const plan = new RoutePlanner({
    sink: {
      set: (receiver, route) => { page(receiver).set(route.id, route); },
      remove: (receiver, id) => { page(receiver).delete(id); },
      replace: (receiver, routes) => { known.set(receiver, new Map(routes.map((route) => [route.id, route]))); },
    },
    isOwnBackend: (receiver, { cluster }) => options.own === 'cluster' && cluster === receiver,
    isOwnNode: (receiver, { cluster, node }) => (options.own === 'cluster' ? cluster : node) === receiver,
  });
  return { plan, known: (receiver: string) => [...page(receiver).values()], ids: (receiver: string) => [...page(receiver).keys()].toSorted() };
}

const service = (n: number, organisation = 'o1', policy: NetworkPolicy = 'organisation', applicationId = `app-${organisation}`): ServiceEntry => ({
  id: `s${n}`, name: `a.t.s${n}.t`, applicationId, organisation, policy, affinity: 'none',
  addresses: { roundRobin: { ipv4: `10.30.1.${n}`, ipv6: `fdff:2000::${n}` } },
});
const instance = (n: number, of: ServiceEntry, node: string, running = true, cluster = 'c1', receiver = node): RoutedInstance => ({
  id: `i${n}`, serviceId: of.id, applicationId: of.applicationId, organisation: of.organisation, receiver,
  host: { cluster, node, tunnel: { host: `192.0.2.${node.slice(1)}`, port: 50_103, subnets: [] } },
  ...(running && { backend: { id: `i${n}`, instanceNumber: n, ipv4: `10.30.2.${n}`, ipv6: `fdff::${n}`, namespaceIpv4: `10.18.0.${n}`, namespaceIpv6: `fc00::${n}`, cluster, node } }),
});

describe('who is told what', () => {
  test('a node without instances is told nothing; with one, the services of its organisation and the nodes behind them', () => {
    const { plan, ids } = planner();
    const [web, db, other] = [service(1), service(2), service(3, 'o2')];
    for (const one of [web, db, other]) plan.setService(one);
    plan.setInstance(instance(1, web, 'n1'));
    plan.setInstance(instance(2, db, 'n2', false));
    plan.setInstance(instance(3, other, 'n3'));
    plan.flush();
    expect(ids('n1')).toEqual(['c1/n2', 's1', 's2']);
    expect(ids('n2')).toEqual(['c1/n1', 's1', 's2']);
    expect(ids('n3')).toEqual(['s3']);
    expect(ids('n4')).toEqual([]);
    plan.removeInstance('i2');
    plan.flush();
    expect(ids('n2')).toEqual([]);
    expect(ids('n1')).toEqual(['s1', 's2']);
  });

  test('an instance that runs is a backend, one that does not is none', () => {
    const { plan, known } = planner();
    const web = service(1);
    plan.setService(web);
    plan.setInstance(instance(1, web, 'n1'));
    plan.setInstance(instance(2, web, 'n2', false));
    plan.flush();
    expect(known('n1')).toContainEqual(expect.objectContaining({ id: 's1', backends: [expect.objectContaining({ id: 'i1' })] }));
    plan.setInstance(instance(2, web, 'n2'));
    plan.flush();
    expect(known('n1')).toContainEqual(expect.objectContaining({ id: 's1', backends: [expect.objectContaining({ id: 'i1' }), expect.objectContaining({ id: 'i2' })] }));
  });

  test('isolated: only its own application; public: everyone, and everyone\'s node is known', () => {
    const { plan, ids } = planner();
    const [hidden, open, mine] = [service(1, 'o1', 'isolated', 'a1'), service(2, 'o2', 'public', 'a2'), service(3, 'o1', 'organisation', 'a3')];
    for (const one of [hidden, open, mine]) plan.setService(one);
    plan.setInstance(instance(1, hidden, 'n1'));
    plan.setInstance(instance(2, open, 'n2'));
    plan.setInstance(instance(3, mine, 'n3'));
    plan.flush();
    expect(ids('n1')).toEqual(['c1/n2', 'c1/n3', 's1', 's2', 's3']);
    expect(ids('n3')).toEqual(['c1/n1', 'c1/n2', 's2', 's3']);
    expect(ids('n2')).toEqual(['c1/n1', 'c1/n3', 's2']);
    plan.setService({ ...open, policy: 'organisation' });
    plan.flush();
    expect(ids('n1')).toEqual(['c1/n3', 's1', 's3']);
    expect(ids('n2')).toEqual(['s2']);
  });

  test('root tells a cluster what is elsewhere, not what it has itself', () => {
    const { plan, known, ids } = planner({ own: 'cluster' });
    const web = service(1);
    plan.setService(web);
    plan.setInstance(instance(1, web, 'n1', true, 'c1', 'c1'));
    plan.setInstance(instance(2, web, 'n2', true, 'c2', 'c2'));
    plan.flush();
    expect(ids('c1')).toEqual(['c2/n2', 's1']);
    expect(known('c1')).toContainEqual(expect.objectContaining({ id: 's1', backends: [expect.objectContaining({ id: 'i2' })] }));
  });

  test('a cluster joins what root told with what it has; an instance that has moved here counts once', () => {
    const { plan, known, ids } = planner();
    const web = service(1);
    const far = instance(2, web, 'm9', true, 'c2');
    plan.setInstance(instance(1, web, 'n1'));
    plan.setForeignService('s1', { kind: 'service', ...web, backends: [far.backend!, { ...instance(1, web, 'm9', true, 'c2').backend! }] });
    plan.setForeignPeer('c2/m9', { kind: 'peer', id: 'c2/m9', cluster: 'c2', node: 'm9', host: '192.0.2.9', port: 50_103, subnets: [], organisations: ['o1'], public: false });
    plan.flush();
    expect(ids('n1')).toEqual(['c2/m9', 's1']);
    const route = known('n1').find(({ id }) => id === 's1');
    expect(route?.kind === 'service' && route.backends.map(({ id, cluster }) => `${id}@${cluster}`)).toEqual(['i1@c1', 'i2@c2']);
    plan.setForeignService('s1', undefined);
    plan.setForeignPeer('c2/m9', undefined);
    plan.flush();
    expect(ids('n1')).toEqual([]);
  });
});

const policies: readonly NetworkPolicy[] = ['isolated', 'organisation', 'public'];
const step = oneof(
  record({ kind: constantFrom('service' as const), n: nat(3), policy: constantFrom(...policies) }),
  record({ kind: constantFrom('instance' as const), n: nat(6), of: nat(3), node: nat(3), running: boolean() }),
  record({ kind: constantFrom('remove-instance' as const), n: nat(6) }),
  record({ kind: constantFrom('remove-service' as const), n: nat(3) }),
  record({ kind: constantFrom('flush' as const) }),
);
const serviceOf = (n: number, policy: NetworkPolicy): ServiceEntry => n < 2 ? service(n, 'o1', policy, 'a') : service(n, 'o2', policy, `b${n}`);

test('after any changes each receiver knows exactly what it would be told from nothing', () => {
  assert(property(array(step, { maxLength: 40 }), (steps) => {
    const { plan, known } = planner();
    const services = new Map<number, NetworkPolicy>();
    const instances = new Map<number, RoutedInstance>();
    for (const one of steps) {
      switch (one.kind) {
        case 'service': services.set(one.n, one.policy); plan.setService(serviceOf(one.n, one.policy)); break;
        case 'remove-service': services.delete(one.n); plan.removeService(`s${one.n}`); break;
        case 'instance': { const made = instance(one.n, serviceOf(one.of, 'public'), `n${one.node}`, one.running); instances.set(one.n, made); plan.setInstance(made); break; }
        case 'remove-instance': instances.delete(one.n); plan.removeInstance(`i${one.n}`); break;
        case 'flush': plan.flush(); break;
      }
    }
    plan.flush();
    const byId = (routes: readonly Route[]): Route[] => [...routes].toSorted((a, b) => a.id.localeCompare(b.id));
    for (const node of ['n0', 'n1', 'n2', 'n3']) {
      expect(byId(known(node))).toEqual(byId(plan.routesFor(node)));
      const callers = [...instances.values()].filter(({ receiver }) => receiver === node);
      const told = known(node).flatMap((route) => (route.kind === 'service' ? [route.id] : [])).toSorted();
      const may = [...services].map(([n, policy]) => serviceOf(n, policy)).filter((callee) => callers.some((caller) => isReachable(caller, callee))).map(({ id }) => id).toSorted();
      expect(told).toEqual(may);
      // Every node of a backend is known, and so is every node from which somebody may call.
      for (const route of known(node)) if (route.kind === 'service') for (const backend of route.backends) {
        if (backend.node !== node) expect(known(node).map(({ id }) => id)).toContain(partyId(backend));
        if (backend.node !== node) expect(known(backend.node).map(({ id }) => id)).toContain(`c1/${node}`);
      }
    }
  }), { numRuns: 300 });
});
