import { connect } from '../contexts/connect.ts';
import { exitCodes } from '../failure.ts';
import { choiceOf, type Invocation } from '../invocation.ts';
import type { Root } from '../root/root.ts';
import { nameInstances, nameServices, type NamedInstance, type NamedService } from '../selection/named.ts';
import { pick } from '../selection/pick.ts';
import { select } from '../selection/select.ts';
import { printBody, printListing } from '../terminal/listing.ts';
import { plain } from '../terminal/words.ts';

export interface TraceOptions { readonly port?: number; readonly protocol: string }

/** `oak net trace FROM TO`: how a connection of an instance would go, and why it might fail. Sends nothing. */
export async function trace(invocation: Invocation<readonly [from: string, to: string], TraceOptions>): Promise<number> {
  const { terminal, args: [from, to], options } = invocation;
  const root = await connect(invocation.world, choiceOf(invocation));
  const services = nameServices(await root.services());
  const caller = pick('instance', from, nameInstances(services));
  const answer = await root.trace({ from: caller.id, to: destination(to, services), protocol: options.protocol, ...(options.port !== undefined && { port: String(options.port) }) });
  if (options.output === 'json' || options.output === 'yaml') await printBody(terminal, answer, options.output);
  else for (const { ok, step, text } of answer.steps) await terminal.print(`${ok ? terminal.paint('green', 'ok  ') : terminal.paint('red', 'no  ')} ${plain(step)}: ${plain(text)}`);
  return answer.ok ? exitCodes.ok : exitCodes.failed;
}

/** oak's own names become addresses; names of the network and addresses stay as they are. */
function destination(to: string, services: readonly NamedService[]): string {
  const found = select<NamedService | NamedInstance>(to, services, nameInstances(services));
  if (found.kind !== 'one' || !to.includes('/')) return to;
  const { candidate } = found;
  return ('instance' in candidate ? candidate.instance.instance_ip : candidate.service.RR_ip) ?? to;
}

/** `oak net free [COUNT]`: service addresses that nobody has; reserves nothing. */
export async function freeAddresses(invocation: Invocation<readonly [count: number]>): Promise<void> {
  const { options } = invocation;
  const root: Root = await connect(invocation.world, choiceOf(invocation));
  await printListing(invocation.terminal, await root.freeAddresses(invocation.args[0]), {
    name: ({ Address }) => Address, body: (address) => address,
    columns: [{ head: 'IPV4', cell: ({ Address }) => Address }, { head: 'IPV6', cell: ({ Address_v6: address }) => address }],
  }, { output: options.quiet ? 'name' : options.output ?? 'table', headers: options.headers });
}
