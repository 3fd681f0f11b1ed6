/** One fault of a request. `path` as in `applications[0].microservices[1].vcpus`. */
export interface Fault { readonly path: string; readonly message: string; readonly value?: unknown; readonly remedy?: string }

/** An answer that is not the one hoped for; the filter makes it problem+json. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly title: string;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, title: string, detail: string, faults: readonly Fault[] = [], headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.faults = faults;
    this.headers = headers;
  }
}

export function notFound(what: string, id: string): Problem {
  return new Problem(404, 'Not found', `${what} ${id} does not exist`);
}

export function forbidden(): Problem {
  return new Problem(403, 'Forbidden', 'You have not enough permissions!');
}
