import type { Telemetry } from '../telemetry/telemetry.ts';
import { parseTraceparent } from '../telemetry/trace-context.ts';
import type { Endpoint, Invocation } from './endpoint.ts';
import type { Exchange } from './exchange.ts';

export interface ObservedRequest {
  readonly endpoint: Endpoint;
  readonly request: Request;
  readonly invocation: Invocation;
  readonly exchange: Exchange;
}

/**
 * Answers a request as a span, which goes on what the caller's `traceparent` names, or the host's own: that goes on the
 * caller's. By the conventions for HTTP; neither the URL nor a header's value is told.
 */
export async function observeRequest(
  telemetry: Telemetry,
  { endpoint, request, invocation, exchange }: ObservedRequest,
  answer: () => Promise<Response>,
): Promise<Response> {
  const route = { 'http.request.method': request.method, 'http.route': endpoint.path };
  const span = telemetry.begin({
    name: `${request.method} ${endpoint.path}`,
    kind: 'server',
    parent: parseTraceparent(invocation.traceparent ?? request.headers.get('traceparent')),
    attributes: { ...route, 'entra_mcp.request_id': exchange.requestId },
  });
  const response = await span.run(answer);
  const { status } = response;
  const { error, user, client } = exchange.fields;
  const outcome = { 'http.response.status_code': status, 'error.type': error };
  span.set({ ...outcome, 'enduser.id': user, 'entra_mcp.client': client });
  if (status >= 500) span.fail(String(error ?? status));
  telemetry.measure('http.server.request.duration', span.end(), { ...route, ...outcome });
  if (error !== undefined)
    telemetry.count('entra_mcp.failures', { 'error.type': error, 'http.route': endpoint.path });
  return response;
}
