/** The shape of the generated definitions, as far as the client needs it. */
export interface MessageType {
  encode(message: never): { finish(): Uint8Array };
  decode(input: Uint8Array): unknown;
  fromPartial(object: never): unknown;
}

export interface Method {
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
}

export interface Service {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Method>>;
}

interface Unary extends Method { readonly requestStream: false; readonly responseStream: false }
interface ServerStream extends Method { readonly requestStream: false; readonly responseStream: true }
type MethodsOf<S extends Service, Kind> = { [K in keyof S['methods']]: S['methods'][K] extends Kind ? K : never }[keyof S['methods']] & string;

/** Names of the methods with one answer. */
export type UnaryOf<S extends Service> = MethodsOf<S, Unary>;
/** Names of the methods with a stream of answers. */
export type ServerStreamOf<S extends Service> = MethodsOf<S, ServerStream>;
/** Fields that are left out take protobuf's zero value. */
export type RequestOf<S extends Service, M extends string> = S['methods'][M] extends Method ? Parameters<S['methods'][M]['requestType']['fromPartial']>[0] : never;
export type ResponseOf<S extends Service, M extends string> = S['methods'][M] extends Method ? ReturnType<S['methods'][M]['responseType']['decode']> : never;

/** What a call needs on the wire. */
export interface Wire<Request, Response> {
  readonly path: string;
  readonly label: string;
  readonly serialize: (request: Request) => Buffer;
  readonly deserialize: (bytes: Buffer) => Response;
}

/** The types of a generated definition are known outside; inside, a method is looked up by name, so they are asserted here and only here. */
export function wireOf<S extends Service, M extends string>(service: S, name: M): Wire<RequestOf<S, M>, ResponseOf<S, M>> {
  const method = service.methods[name];
  if (!method) throw new TypeError(`no method ${name} in ${service.fullName}`);
  return {
    path: `/${service.fullName}/${method.name}`,
    label: `${service.fullName.split('.').at(-1)}.${method.name}`,
    serialize: (request) => asBuffer(method.requestType.encode(method.requestType.fromPartial(request) as never).finish()),
    deserialize: (bytes) => method.responseType.decode(bytes) as ResponseOf<S, M>,
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
