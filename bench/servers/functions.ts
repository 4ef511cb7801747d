/**
 * A package of this server, `node functions.ts {folder}`, as the Functions worker runs it. The load speaks to the
 * library's own HTTP proxy, as the host does: with the id of the invocation, which begins when its request comes. What
 * is left out is the host itself and its gRPC channel to the worker.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { loadFunctionsWorker } from '../../dev/functions-worker.ts';
import { report } from './report.ts';

const [, , folder = '.'] = process.argv;

const worker = await loadFunctionsWorker(folder, {
  log(level, message) {
    const stream = level === 'error' ? process.stderr : process.stdout;
    stream.write(`${message}\n`);
  },
});

function begin({ method = 'GET', url = '/', headers }: IncomingMessage): void {
  const [path = '/'] = url.split('?', 1);
  const found = worker.findHttpFunction(method, path);
  const invocationId = headers['x-ms-invocation-id'];
  if (found === undefined || typeof invocationId !== 'string') throw new Error(`no function for ${url}`);
  worker.invokeHttp(found, headers, invocationId).catch((error: unknown) => {
    console.error('invocation failed', error);
  });
}

subscribe('http.server.request.start', (message) => {
  begin((message as { readonly request: IncomingMessage }).request);
});
report(Number(new URL(worker.httpUri).port));
