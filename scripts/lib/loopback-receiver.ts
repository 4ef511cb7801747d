import { randomBytes } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Failure, readCode } from '../../dev/failure.ts';
import { listen, type Listening } from '../../dev/listen.ts';

/** Where the browser brings the answer of a sign-in (RFC 8252 section 7.3). */
export interface LoopbackReceiver {
  readonly redirectUri: string;
  /** A fresh `state` for a sign-in; answers with any other are refused from now on. */
  begin(): string;
  /** The parameters of the answer to the sign-in that was begun last. Throws Failure where none comes in time. */
  receive(timeoutMs: number): Promise<URLSearchParams>;
  stop(): Promise<void>;
}

const path = '/callback';

function tell(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(`<!doctype html><html lang="en"><title>${text}</title><p>${text}</p></html>\n`);
}

/** On the port that is wanted where it is free, otherwise on any other. */
async function listenNear(server: Server, wanted: number): Promise<Listening> {
  try {
    return await listen(server, wanted);
  } catch (error) {
    if (wanted === 0 || readCode(error) !== 'EADDRINUSE') throw error;
    return listen(server, 0);
  }
}

/** Listens on 127.0.0.1, where the browser of the same machine finds it and nobody else does. */
export async function startLoopbackReceiver({
  port: wanted,
}: {
  readonly port: number;
}): Promise<LoopbackReceiver> {
  let pending: { readonly state: string } & PromiseWithResolvers<URLSearchParams | undefined>;
  function begin(): string {
    pending = { state: randomBytes(32).toString('base64url'), ...Promise.withResolvers() };
    return pending.state;
  }
  begin();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method !== 'GET' || pathname !== path) tell(response, 404, 'Nothing is here.');
    else if (searchParams.get('state') !== pending.state) {
      tell(response, 400, 'This is not the answer to the sign-in that was begun last.');
    } else {
      const outcome = searchParams.has('error') ? 'You are not signed in.' : 'You are signed in.';
      // Before the sign-in goes on, which may end the program at once: a host's handler (dev/host.ts) cannot tell when its
      // answer has gone out.
      tell(response, 200, `${outcome} You can close this window.`);
      pending.resolve(searchParams);
    }
  });
  const { port, stop } = await listenNear(server, wanted);
  return {
    redirectUri: `http://127.0.0.1:${port}${path}`,
    begin,
    async receive(timeoutMs) {
      const { promise, resolve } = pending;
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      const answer = await promise;
      clearTimeout(timer);
      if (answer === undefined) throw new Failure('Nobody finished the sign-in in the browser in time.');
      return answer;
    },
    stop,
  };
}
