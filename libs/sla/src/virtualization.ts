const ALIASES: ReadonlyMap<string, string> = new Map([['container', 'docker']]);

/**
 * The name under which nodes advertise a virtualization. Oakestra rewrites `container` to `docker`: both mean the node's default OCI handler.
 * Every other name (`runc`, `runsc`, `unikernel`, ...) is only trimmed: names are open, a node may offer any.
 */
export function normaliseVirtualization(name: string): string {
  const trimmed = name.trim();
  return ALIASES.get(trimmed) ?? trimmed;
}
