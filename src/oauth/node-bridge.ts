import type { IncomingMessage, ServerResponse } from 'node:http';
import { inject } from 'light-my-request';

/** What is handed over: no header of the caller but these, so that none can pose as a proxy's. */
const forwardedHeaders = ['authorization', 'content-type'] as const;

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const bodiless = [204, 205, 304];

function toHeaders(headers: Readonly<Record<string, number | string | string[] | undefined>>): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // Cookies of the library stay in this process: a browser's part in a sign-in is decided by cookies of our own.
    if (value === undefined || name === 'set-cookie' || name === 'content-length') continue;
    for (const item of Array.isArray(value) ? value : [value]) result.append(name, String(item));
  }
  return result;
}

/**
 * Hands a request to the Node callback, in process.
 * @param cookies cookies that the library would have from the browser
 */
export type Bridge = (
  request: Request,
  body: string,
  cookies?: Readonly<Record<string, string>>,
) => Promise<Response>;

/**
 * A Node request listener behind web-standard requests. It sees the public URL as where it is reached, whatever the
 * request says.
 */
export function createNodeBridge(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
  publicBaseUrl: string,
): Bridge {
  const { host, protocol } = new URL(publicBaseUrl);
  return async function bridge(request, body, cookies = {}) {
    const { pathname, search } = new URL(request.url);
    const answer = await inject((...exchange) => void listener(...exchange), {
      method: request.method as 'GET' | 'POST',
      url: `${pathname}${search}`,
      headers: {
        accept: 'application/json',
        host,
        'x-forwarded-host': host,
        'x-forwarded-proto': protocol.slice(0, -1),
        ...Object.fromEntries(
          forwardedHeaders.flatMap((name) => {
            const value = request.headers.get(name);
            return value === null ? [] : [[name, value]];
          }),
        ),
      },
      cookies,
      ...(body !== '' && { payload: body }),
    });
    const { statusCode: status } = answer;
    return new Response(bodiless.includes(status) ? null : new Uint8Array(answer.rawPayload), {
      status,
      headers: toHeaders(answer.headers),
    });
  };
}
