/** A tracked flow by who opened it and who answers it; with translation that is not whom it was opened to. */
export interface Flow {
  readonly from: string;
  readonly answeredBy: string;
}

/** Output of `conntrack -L`: one flow a line, the original direction before the reply direction. */
export function parseFlows(text: string): Flow[] {
  return text.split('\n').flatMap((line) => {
    const [from, answeredBy] = [...line.matchAll(/\bsrc=(\S+)/g)].map(([, address]) => address);
    return from !== undefined && answeredBy !== undefined ? [{ from, answeredBy }] : [];
  });
}

/** `conntrack -R` lines that end every flow from or to one of the addresses. Each line walks the kernel's whole table, so none is in vain. */
export function forgetLines(flows: readonly Flow[], addresses: ReadonlySet<string>): string[] {
  const from = flows.filter((flow) => addresses.has(flow.from)).map((flow) => line('-s', flow.from));
  const to = flows.filter((flow) => addresses.has(flow.answeredBy)).map((flow) => line('-r', flow.answeredBy));
  return [...new Set([...from, ...to])];
}

/** `conntrack -R` lines that end every flow that one of `callers` opened and one of `answering` answers. */
export function severLines(flows: readonly Flow[], callers: ReadonlySet<string>, answering: ReadonlySet<string>): string[] {
  return [...new Set(flows.filter((flow) => callers.has(flow.from) && answering.has(flow.answeredBy)).map(({ from, answeredBy }) => `${line('-s', from)} -r ${answeredBy}`))];
}

function line(side: string, address: string): string {
  return `-D ${address.includes(':') ? '-f ipv6 ' : ''}${side} ${address}`;
}
