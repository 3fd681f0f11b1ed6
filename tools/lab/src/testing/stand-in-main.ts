// Answers every request with the name of its host. Two ready-made stand-ins for orchestrators in the lab's own tests.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

createServer((_request, response) => response.end(hostname())).listen(Number(process.argv[2]), () => console.log('ready'));
