/**
 * Plays the Functions host and worker around a package: `node functions-host.ts {folder} [port]` loads the package's
 * entry with the environment it is given, and serves every function that it registers on that port of 127.0.0.1, or on
 * a free one, which it prints. A job runs when it is asked for, as with the host: POST /admin/functions/{name}. SIGTERM
 * ends it in the host's way. What stands in for Microsoft's host is the routing.
 */
import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadFunctionsWorker, type RegisteredFunction } from '../../dev/functions-worker.ts';

const [, , folder = '.', port = '0'] = process.argv;

const worker = await loadFunctionsWorker(folder, {
  log(level, message) {
    console.error(`${level} ${message}`);
  },
});

function begin(found: RegisteredFunction, incoming: IncomingMessage): string {
  const invocationId = randomUUID();
  worker.invokeHttp(found, incoming.headers, invocationId).catch((error: unknown) => {
    console.error('invocation failed', error);
  });
  return invocationId;
}

/** Runs the function of a timer at once and answers when it is done; false for any other path. */
function runTimer(path: string, outgoing: ServerResponse): boolean {
  const found = worker.findTimerFunction(/^\/admin\/functions\/([^/]+)$/.exec(path)?.[1] ?? '');
  if (found === undefined) return false;
  worker
    .invokeTimer(found, randomUUID())
    .then(() => outgoing.writeHead(202).end())
    .catch((error: unknown) => {
      console.error('invocation failed', error);
      outgoing.writeHead(500).end();
    });
  return true;
}

function serve(incoming: IncomingMessage, outgoing: ServerResponse) {
  const { method = 'GET', url = '/', headers } = incoming;
  const [path = '/'] = url.split('?', 1);
  if (method === 'POST' && runTimer(path, outgoing)) return;
  const found = worker.findHttpFunction(method, path);
  if (found === undefined) {
    outgoing.writeHead(404).end();
    return;
  }
  const added = {
    'x-ms-invocation-id': begin(found, incoming),
    'x-forwarded-host': headers.host,
    'x-forwarded-proto': 'http',
  };
  const forwarded = request(new URL(url, worker.httpUri), { method, headers: { ...headers, ...added } });
  forwarded.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
}

process.once('SIGTERM', () => void worker.terminate().then(() => process.exit()));

const server = createServer(serve);
server.listen(Number(port), '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
