import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

/** Serves one file at every path, but `/readyz`. */
const [path = '', port = ''] = process.argv.slice(2);
createServer((request, response) => {
  if (request.url === '/readyz') response.end('ok');
  else createReadStream(path).pipe(response);
}).listen(Number(port), '0.0.0.0');
