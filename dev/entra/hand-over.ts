import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** Reads a form of at most 64 KiB; undefined when the body is something else or longer. */
export async function readForm(ctx: KoaContextWithOIDC): Promise<URLSearchParams | undefined> {
  const body = await readBody(ctx);
  return body === undefined || !ctx.is('urlencoded') ? undefined : new URLSearchParams(body);
}

/** Reads a body of at most 64 KiB as text; undefined when it is longer. */
export async function readBody(ctx: KoaContextWithOIDC): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > 65_536) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Puts another request in the place of the one that came: what follows (oidc-provider) sees its own path and only the
 * parameters meant for it, while the URLs it builds keep Entra's path in front.
 */
export function handOver(
  ctx: KoaContextWithOIDC,
  mountPath: string,
  url: string,
  form?: URLSearchParams,
): void {
  const request = new IncomingMessage(new Socket());
  const body = form?.toString() ?? '';
  request.method = form === undefined ? 'GET' : 'POST';
  request.url = url;
  request.headers = { ...ctx.req.headers, 'content-length': String(Buffer.byteLength(body)) };
  delete request.headers.authorization;
  if (body !== '') request.push(body);
  request.push(null);
  ctx.req =
    ctx.request.req =
    ctx.response.req =
      Object.assign(request, { originalUrl: `${mountPath}${url}` });
}
