import { connect } from '../contexts/connect.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import { watch, type Notice } from '../root/watch.ts';
import { nameApplications, nameServices } from '../selection/named.ts';
import { pick } from '../selection/pick.ts';
import { pickService } from '../selection/targets.ts';
import { plain } from '../terminal/words.ts';

export interface EventsOptions { readonly app?: string; readonly service?: string; readonly type?: string; readonly count?: number; readonly for?: number; readonly after?: string }

/** `oak events`: what changes, as it changes, until Ctrl-C, `--count` or `--for`. */
export async function events(invocation: Invocation<readonly [], EventsOptions>): Promise<void> {
  const { terminal, options } = invocation;
  const root = await connect(invocation.world, choiceOf(invocation));
  const names = new ServiceNames(root);
  const end = new AbortController();
  const timer = options.for === undefined ? undefined : setTimeout(() => { end.abort(); }, options.for);
  let seen = 0;
  try {
    const query = await queryOf(options, root);
    const after = options.after === undefined ? {} : { after: options.after };
    for await (const notice of watch(root.rest, { query, signal: end.signal, onBreak: (reason) => { terminal.say(`${reason}; watching again`); }, ...after })) {
      if (notice.kind === 'resync') terminal.say('events were missed, root does not keep them any more; what there is now: oak get instances');
      if (notice.kind !== 'event') continue;
      await terminal.print(options.output === 'json' ? JSON.stringify({ id: notice.id, type: notice.type, ...notice.body }) : await names.line(notice));
      if (++seen === options.count) return;
    }
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

async function queryOf({ app, service, type }: EventsOptions, root: Root): Promise<string> {
  const query = new URLSearchParams(type === undefined ? {} : { type });
  if (service !== undefined) query.set('service', (await pickService(root, service)).id);
  if (app !== undefined) query.set('application', pick('application', app, nameApplications(await root.applications())).id);
  return query.toString();
}

type Event = Extract<Notice, { kind: 'event' }>;

/** Events carry ids; people want names. Services that came later are asked for once. */
class ServiceNames {
  readonly #root: Root;
  readonly #names = new Map<string, string>();

  constructor(root: Root) {
    this.#root = root;
  }

  async line({ type, body }: Event): Promise<string> {
    const at = new Date(typeof body['at'] === 'number' ? body['at'] : 0).toISOString();
    switch (type) {
      case 'instance': return plain(`${at}  instance ${await this.#name(text(body['serviceId']))}/${text(body['instance_number'])}  ${text(body['status'])}${body['node'] === undefined ? '' : ` on ${text(body['cluster'])}/${text(body['node'])}`}: ${text(body['status_detail'])}`);
      case 'cluster': return plain(`${at}  cluster ${text(body['cluster_name'])}  ${body['active'] === true ? 'active' : body['lost'] === true ? 'lost' : 'silent'}, ${text(body['active_nodes'])} nodes active`);
      case 'node': return plain(`${at}  node ${text(body['cluster'])}/${text(body['name'])}  ${text(body['state'])}${body['cordoned'] === true ? ', cordoned' : ''}`);
      default: return plain(`${at}  ${type}  ${JSON.stringify(body)}`);
    }
  }

  async #name(id: string): Promise<string> {
    if (!this.#names.has(id)) {
      // One that is gone already keeps its id for a name.
      this.#names.set(id, id);
      for (const named of nameServices(await this.#root.services())) this.#names.set(named.id, named.name);
    }
    return this.#names.get(id) ?? id;
  }
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '-');
