import { exitCodes, Failure } from '../failure.ts';

const defaultPort = '10000';
export const defaultUrl = `http://127.0.0.1:${defaultPort}`;

/** From `host`, `host:port` or a whole URL. Without a scheme it is HTTP at root's usual port. @throws Failure */
export function rootUrl(text: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${/^[^[]*:.*:/.test(text) ? `[${text}]` : text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Failure(exitCodes.usage, `${JSON.stringify(text)} is not the address of a root orchestrator`, 'give host, host:port or http(s)://host:port, for example root.example:10000');
  }
  const port = whole === text ? url.port : url.port || defaultPort;
  return `${url.protocol}//${url.hostname}${port === '' ? '' : `:${port}`}${url.pathname.replace(/\/+$/, '')}`;
}

/** True when what is sent there can be read on the way. */
export function isOpenToReaders(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
