import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { blobOf, indexOf, type TestBlob, type TestImage } from './test-image.ts';

/** What goes wrong, changeable while the registry runs. */
export interface Faults {
  /** Tokens: the registry answers 401 and names its own `/token`, which wants these credentials, if any. */
  bearer: { username?: string; password?: string; expiresInSeconds?: number; realm?: string } | undefined;
  /** User and password at every request. */
  basic: { username: string; password: string } | undefined;
  /** Answer so many requests with this status. */
  refuse: { status: number; times: number; path?: RegExp; retryAfterSeconds?: number } | undefined;
  /** Close the connection after so many bytes of a blob, so many times, and then refuse. */
  drop: { afterBytes: number; times: number; then?: Faults['refuse'] } | undefined;
  /** Flip a byte of each blob or manifest whose path matches, so many times. */
  damage: { path: RegExp; times: number } | undefined;
  /** Ignore Range headers. */
  noRanges: boolean;
  /** Milliseconds before each 16 KiB of a blob. */
  slowMs: number;
  /** Send blobs from there; the address of another registry with the same content. */
  redirectBlobs: string | undefined;
  /** Accept requests and never answer. */
  hang: boolean;
}

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

const noFaults: Faults = { bearer: undefined, basic: undefined, refuse: undefined, drop: undefined, damage: undefined, noRanges: false, slowMs: 0, redirectBlobs: undefined, hang: false };
const tokenText = 'a-token';
const pieceBytes = 16 * 1024;

/** An OCI registry in this process, on loopback: serves what was pushed, and misbehaves as told. */
export class TestRegistry {
  /** `127.0.0.1:port`, the registry part of an image reference. */
  readonly host: string;
  readonly faults: Faults = { ...noFaults };
  /** Everything that was asked, in order. */
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #blobs = new Map<string, TestBlob>();
  readonly #tags = new Map<string, TestBlob>();

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response).catch(() => response.destroy()));
  }

  /** With a key and its certificate (PEM) it speaks TLS only. */
  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<TestRegistry> {
    const server = (tls ? createTlsServer(tls) : createServer()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestRegistry(server);
  }

  /** Pushes one image, or several as one index. Returns the reference, by tag, and the digest of what the tag names. */
  push(repository: string, tag: string, images: TestImage | readonly TestImage[]): { reference: string; digest: string } {
    const all = Array.isArray(images) ? (images as readonly TestImage[]) : [images as TestImage];
    for (const { manifest, config, layers } of all) for (const blob of [manifest, config, ...layers]) this.#blobs.set(blob.digest, blob);
    const top = Array.isArray(images) ? indexOf(all) : all[0]?.manifest;
    if (!top) throw new TypeError('nothing to push');
    return this.pushManifest(repository, tag, top);
  }

  /** Any bytes as a manifest, for what no builder would make. */
  pushManifest(repository: string, tag: string, top: TestBlob): { reference: string; digest: string } {
    this.#blobs.set(top.digest, top);
    this.#tags.set(`${repository}:${tag}`, top);
    return { reference: `${this.host}/${repository}:${tag}`, digest: top.digest };
  }

  heal(): void {
    Object.assign(this.faults, noFaults);
  }

  /** How often blobs or manifests were asked for. */
  count(path: RegExp): number {
    return this.requests.filter((request) => path.test(request.path)).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${this.host}`);
    this.requests.push({ path: request.url ?? '', headers: request.headers });
    if (this.faults.hang) return;
    const { refuse } = this.faults;
    if (refuse && refuse.times > 0 && (refuse.path ?? /./).test(pathname)) {
      refuse.times--;
      return answer(response, refuse.status, refuse.retryAfterSeconds === undefined ? {} : { 'retry-after': String(refuse.retryAfterSeconds) });
    }
    if (pathname === '/token') return this.#token(request, response, searchParams);
    const challenge = this.#challenge(request);
    if (challenge !== undefined) return answer(response, 401, { 'www-authenticate': challenge }, '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
    const [, repository = '', kind, name = ''] = /^\/(?:[^/]+\/)*?v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    const found = name.startsWith('sha256:') ? this.#blobs.get(name) : this.#tags.get(`${repository}:${name}`);
    if (!found) return answer(response, 404, {}, `{"errors":[{"code":"${kind === 'blobs' ? 'BLOB' : 'MANIFEST'}_UNKNOWN","message":"unknown to the test registry"}]}`);
    const blob = this.#maybeDamaged(found, pathname);
    if (kind === 'manifests') return answer(response, 200, { 'content-type': blob.mediaType, 'docker-content-digest': found.digest }, blob.bytes);
    if (this.faults.redirectBlobs !== undefined) return answer(response, 307, { location: `${this.faults.redirectBlobs}${request.url}` });
    await this.#sendBlob(request, response, blob.bytes);
  }

  #challenge({ headers: { authorization } }: IncomingMessage): string | undefined {
    const { bearer, basic } = this.faults;
    if (bearer && authorization !== `Bearer ${tokenText}`) return `Bearer realm="${bearer.realm ?? `http://${this.host}/token`}",service="test"`;
    return basic && authorization !== basicText(basic) ? 'Basic realm="test"' : undefined;
  }

  #token(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const { bearer } = this.faults;
    const wanted = bearer?.username === undefined ? undefined : basicText({ username: bearer.username, password: bearer.password ?? '' });
    if (!query.get('scope')?.startsWith('repository:') || (wanted !== undefined && request.headers.authorization !== wanted)) return answer(response, 401, {});
    answer(response, 200, { 'content-type': 'application/json' }, JSON.stringify({ token: tokenText, expires_in: bearer?.expiresInSeconds ?? 300 }));
  }

  #maybeDamaged(blob: TestBlob, path: string): TestBlob {
    const { damage } = this.faults;
    if (!damage || damage.times <= 0 || !damage.path.test(path)) return blob;
    damage.times--;
    const bytes = Buffer.from(blob.bytes);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    return blobOf(blob.mediaType, bytes);
  }

  async #sendBlob(request: IncomingMessage, response: ServerResponse, all: Buffer): Promise<void> {
    const from = this.faults.noRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = all.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
    const { drop } = this.faults;
    const dropping = drop && drop.times > 0 && bytes.length > drop.afterBytes;
    if (dropping && --drop.times === 0 && drop.then) this.faults.refuse = drop.then;
    const end = dropping ? drop.afterBytes : bytes.length;
    await pipeline(this.#pieces(bytes.subarray(0, end)), response, { end: !dropping }).catch(() => undefined);
    if (!dropping) return;
    // What was written must arrive before the connection breaks.
    await pause(20);
    response.destroy();
  }

  async *#pieces(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (this.faults.slowMs > 0) await pause(this.faults.slowMs);
      yield bytes.subarray(at, at + pieceBytes);
    }
  }
}

const basicText = ({ username, password }: { username: string; password: string }) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

function answer(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}
