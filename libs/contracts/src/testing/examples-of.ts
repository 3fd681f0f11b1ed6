import { z } from 'zod';

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxItems?: number;
}

const byFormat: Readonly<Record<string, string>> = { ipv4: '10.30.0.7', ipv6: 'fdff::7', cidrv4: '10.18.0.64/26', cidrv6: 'fdff:0:0:40::/120', uri: 'https://example.org/' };
/** Of an array. */
const lineBytes = 6_000;
/** Tried in this order against a pattern. */
const texts = ['c1', '0123456789abcdef01234567', '1.0', '/var/lib', 'KEY=value'];

/** What the rules that JSON Schema can not tell (ports, addresses) would make hard to guess. */
const byId: Readonly<Record<string, unknown>> = {
  Microservice: {
    microserviceID: '', microservice_name: 'web', microservice_namespace: 'prod', virtualization: 'runsc', code: 'docker.io/library/nginx:latest', arch: ['amd64'],
    memory: 64, vcpus: 0.5, vgpus: 0, storage: 10, port: '8080:80/tcp', cmd: ['nginx', '-g', 'daemon off;'], environment: ['MODE=test'], one_shot: false, privileged: false,
    addresses: { rr_ip: '10.30.1.1' }, volumes: [], constraints: [{ type: 'direct', node: 'n1', cluster: 'c1' }],
  },
};

/** Valid JSON for a schema: one with all fields, one with only those that are required, and one for each further alternative of any field. @throws Error that says what it can not guess */
export function examplesOf(schema: z.ZodType): unknown[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const examples = new Examples(json.$defs ?? {}).of(json);
  for (const example of examples) {
    const parsed = schema.safeParse(example);
    if (!parsed.success) throw new Error(`examples-of.ts guesses wrong, give it a text or an id: ${z.prettifyError(parsed.error)}`);
  }
  return distinct(examples);
}

class Examples {
  readonly #defs: Readonly<Record<string, JsonSchema>>;

  constructor(defs: Readonly<Record<string, JsonSchema>>) {
    this.#defs = defs;
  }

  of(schema: JsonSchema): unknown[] {
    if (schema.$ref !== undefined) return this.#referred(schema.$ref.split('/').at(-1) ?? '');
    if ('const' in schema) return [schema.const];
    if (schema.enum) return [...schema.enum];
    const alternatives = schema.anyOf ?? schema.oneOf;
    if (alternatives) return alternatives.flatMap((one) => this.of(one));
    switch (schema.type) {
      case 'object': return this.#objects(schema);
      case 'array': return [schema.prefixItems ? schema.prefixItems.map((item) => this.of(item)[0]) : this.#items(schema).slice(0, schema.maxItems)];
      case 'string': return [text(schema)];
      case 'integer': return [Math.max(schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1, 1)];
      case 'number': return [1.5];
      case 'boolean': return [true, false];
      case undefined: default: return [null];
    }
  }

  #referred(id: string): unknown[] {
    const definition = this.#defs[id];
    return id in byId ? [byId[id]] : this.of(definition ?? {});
  }

  /** Of each alternative one; of what has none, the full one and the least one, and as many more as make no long line. */
  #items({ items = {} }: JsonSchema): unknown[] {
    const alternatives = items.anyOf ?? items.oneOf;
    if (alternatives) return alternatives.map((one) => this.of(one)[0]);
    let bytes = 0;
    return this.of(items).filter((one, at) => (bytes += JSON.stringify(one).length) <= lineBytes || at < 2);
  }

  #objects({ properties = {}, additionalProperties, propertyNames, ...rest }: JsonSchema & { readonly required?: readonly string[] }): unknown[] {
    if (typeof additionalProperties === 'object') return this.of(additionalProperties).slice(0, 1).map((value) => ({ [String(this.of(propertyNames ?? { type: 'string' })[0])]: value }));
    const choices = Object.entries(properties).map(([key, schema]) => [key, this.of(schema)] as const);
    const full = Object.fromEntries(choices.map(([key, [first]]) => [key, first]));
    const others = choices.flatMap(([key, [, ...more]]) => more.map((value) => ({ ...full, [key]: value })));
    const least = Object.fromEntries(Object.entries(full).filter(([key]) => rest.required?.includes(key)));
    return [full, least, ...others];
  }
}

function text({ format, pattern }: JsonSchema): string {
  const given = format === undefined ? undefined : byFormat[format];
  const found = given ?? texts.find((one) => pattern === undefined || new RegExp(pattern).test(one));
  if (found === undefined) throw new Error(`examples-of.ts knows no text for ${format ?? pattern ?? ''}`);
  return found;
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
