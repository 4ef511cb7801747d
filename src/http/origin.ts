import { isLoopback, loopbackNames } from '../loopback.ts';
import type { Endpoint } from './endpoint.ts';

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
  allows(endpoint: Endpoint, request: { readonly method: string; readonly origin: string | null }): boolean;
  /** Headers to put on the endpoint's answer. */
  responseHeaders(endpoint: Endpoint, origin: string | null): Record<string, string>;
  /** Further headers for the answer to a preflight. */
  preflightHeaders(endpoint: Endpoint): Record<string, string>;
}

/** Response headers that a page may read beyond the safelisted ones. */
const exposedHeaders =
  'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy';
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
  const own = new Set([...namesOf(publicBaseUrl), 'null']);
  const listed = new Set([...namesOf(publicBaseUrl), ...allowed]);
  return {
    reaches: (url) => !isLocal || isLoopback(new URL(url)),
    allows(endpoint, { method, origin }) {
      if (endpoint.origins === 'any' || origin === null) return true;
      return endpoint.origins === 'form' ? method !== 'POST' || own.has(origin) : listed.has(origin);
    },
    responseHeaders(endpoint, origin) {
      if (endpoint.origins === 'form') return {};
      if (endpoint.origins === 'any') return { 'Access-Control-Allow-Origin': '*' };
      // Without Vary a cache could hand one origin's permission to another.
      if (origin === null || !listed.has(origin)) return { Vary: 'Origin' };
      return {
        Vary: 'Origin',
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': exposedHeaders,
      };
    },
    preflightHeaders(endpoint) {
      if (endpoint.origins === 'form') return {};
      return {
        'Access-Control-Allow-Methods': endpoint.methods.join(', '),
        'Access-Control-Allow-Headers': requestHeaders,
        'Access-Control-Max-Age': '600',
      };
    },
  };
}
