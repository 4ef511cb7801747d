import { isLoopback, loopbackNames } from '../loopback.ts';
import type { Endpoint, Method } from './endpoint.ts';

/**
 * Cross-origin rules (Fetch standard; MCP "Streamable HTTP", security warning on `Origin`).
 * No answer ever allows credentials: the only credential here is a header that a page must hold itself.
 */
export interface OriginPolicy {
  /**
   * False when a server of this machine is called by another name: a page of a stranger's that had its name pointed
   * here (DNS rebinding). A public server stands behind front ends that call it by names of their own.
   */
  reaches(url: string): boolean;
  /** False when a page of this origin must not reach the endpoint. A request without `Origin` is no page's. */
  allows(endpoint: Endpoint, origin: string | null): boolean;
  /** Headers to put on the endpoint's answer. */
  responseHeaders(endpoint: Endpoint, origin: string | null): Record<string, string>;
  /** Further headers for the answer to a preflight. */
  preflightHeaders(methods: readonly Method[]): Record<string, string>;
}

/** Response headers that a page may read beyond the safelisted ones. */
const exposedHeaders = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, X-Request-Id, Retry-After';
const requestHeaders =
  'Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID, traceparent, tracestate';

/** The server's own origin, and on this machine the other names for it. */
function namesOf(origin: string): readonly string[] {
  const url = new URL(origin);
  if (!isLoopback(url)) return [origin];
  return loopbackNames.map((name) => origin.replace(url.hostname, name));
}

/** @param allowed origins besides the server's own, as in `Origin` */
export function createOriginPolicy(publicBaseUrl: string, allowed: readonly string[]): OriginPolicy {
  const isLocal = isLoopback(new URL(publicBaseUrl));
  const listed = new Set([...namesOf(publicBaseUrl), ...allowed]);
  return {
    reaches: (url) => !isLocal || isLoopback(new URL(url)),
    allows(endpoint, origin) {
      return endpoint.origins === 'any' || origin === null || listed.has(origin);
    },
    responseHeaders(endpoint, origin) {
      if (endpoint.origins === 'any') return { 'Access-Control-Allow-Origin': '*' };
      // Without Vary a cache could hand one origin's permission to another.
      if (origin === null || !listed.has(origin)) return { Vary: 'Origin' };
      return {
        Vary: 'Origin',
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': exposedHeaders,
      };
    },
    preflightHeaders(methods) {
      return {
        'Access-Control-Allow-Methods': methods.join(', '),
        'Access-Control-Allow-Headers': requestHeaders,
        'Access-Control-Max-Age': '600',
      };
    },
  };
}
