/** What a party may say and hear; subjects as NATS writes them. */
export interface Permissions {
  readonly pub: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  readonly sub: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  /** May answer where it was asked. `max` above 1: every overlapping subscription of one connection counts. */
  readonly resp?: { readonly max: number; readonly ttlMs: number };
  readonly connectionTypes?: readonly string[];
}

const resp = { max: 8, ttlMs: 60_000 };

/** A node, on the server of its cluster: only its own subjects. */
export function nodePermissions(cluster: string, node: string): Permissions {
  const own = `cluster.${cluster}.node.${node}.>`;
  return { pub: { allow: [own] }, sub: { allow: [own, `_INBOX.node.${node}.>`] }, resp };
}

/** A cluster, on its own server. */
export function clusterPermissions(cluster: string): Permissions {
  return {
    pub: { allow: [`cluster.${cluster}.>`, `root.cluster.${cluster}.>`] },
    sub: { allow: [`cluster.${cluster}.>`, 'join.node', `_INBOX.cluster.${cluster}.>`] },
    resp: { ...resp },
  };
}

/** The leaf link of a cluster at root's hub. The deny keeps the nodes' subscriptions at home, and root from speaking to a node past its cluster. */
export function uplinkPermissions(cluster: string): Permissions {
  return {
    pub: { allow: [`root.cluster.${cluster}.>`, `_INBOX.root.${cluster}.>`] },
    sub: { allow: [`cluster.${cluster}.>`, `_INBOX.cluster.${cluster}.>`], deny: [`cluster.${cluster}.node.>`] },
    connectionTypes: ['LEAFNODE', 'LEAFNODE_WS'],
  };
}

/** Root, on its hub. */
export function rootPermissions(): Permissions {
  return { pub: { allow: ['cluster.*.>'] }, sub: { allow: ['root.cluster.*.>', 'join.cluster', '_INBOX.root.>'] }, resp };
}
