import type * as z from 'zod';
import type { ErrorCode } from '../errors.ts';
import type { LogFields, LogSink } from '../log.ts';
import type { Principal } from '../auth/principal.ts';
import type { AuditEvent } from './audit.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

/** What the guard gives to every handler beside the request. */
export interface RequestContext {
  /** Names this request in the answer, in the log and in error bodies. */
  readonly requestId: string;
  /** The body, read whole and decoded from UTF-8 within the limit; empty where there was none. */
  readonly body: string;
  /** Adds fields to the one log line of this request. */
  annotate(fields: LogFields): void;
  /** Writes the audit event of this request, a line of its own. */
  audit(event: AuditEvent): void;
  /** Logs an unexpected failure that the answer hides, at level `error`. */
  report(error: unknown): void;
  /**
   * Runs work after the answer, off its path; a failure is logged and reaches nobody. Asked for before the answer is
   * given.
   */
  defer(task: () => Promise<unknown>): void;
}

export interface AuthenticatedContext extends RequestContext {
  readonly principal: Principal;
}

/** What an endpoint says of itself in the OpenAPI document; the schemas are those it works with. */
export interface EndpointDocs {
  readonly summary: string;
  readonly description?: string;
  /** Parameters of the query. */
  readonly query?: z.ZodObject;
  /** The body: JSON unless it says otherwise. */
  readonly request?: {
    readonly schema: z.ZodType;
    readonly example?: unknown;
    readonly mediaType?: 'application/json' | 'application/x-www-form-urlencoded';
  };
  /** Codes of the catalogue that this endpoint throws itself; those of the guard need not be named. */
  readonly refusals?: readonly ErrorCode[];
  /** By status. Refusals are added where the document is made. */
  readonly responses: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly mediaType?: string }>
  >;
}

interface RouteBase {
  /** Name of the function on Azure: letters, digits and `-`. Unique. */
  readonly name: string;
  /** Exact path, with its leading slash. Unique. */
  readonly path: string;
  /** HEAD follows GET and OPTIONS is always answered by the guard, so neither is named here. */
  readonly methods: readonly [Method, ...Method[]];
  /** Methods answered with 405 and `Allow`; a host answers those that nobody registers with a bare 404. */
  readonly refusedMethods?: readonly Method[];
  /**
   * Which web pages may read the answer: `any` for public documents, `listed` (the default) for this server's own
   * origin and ALLOWED_ORIGINS, everyone else being refused before the request is looked at; `form` for what a browser
   * goes to: no page reads it, whoever links to it is let in, and what is posted comes from this server's own origin or
   * from `null`, which is what browsers call it under `Referrer-Policy: no-referrer`.
   */
  readonly origins?: 'any' | 'listed' | 'form';
  /** Form of error bodies: OAuth/JSON (the default), JSON-RPC, or a page for people. */
  readonly errors?: 'json' | 'json-rpc' | 'page';
  /** Largest body, bytes, where MAX_REQUEST_BYTES is more than it could need. */
  readonly maxBodyBytes?: number;
  /** Whose calls are counted and limited by each instance for itself: of who is signed in, or of an address. */
  readonly counted?: 'caller' | 'address';
  /** Answered even where an instance has as many requests as it may. */
  readonly vital?: true;
}

export interface PublicRoute extends RouteBase {
  readonly access: 'public';
}

export interface BearerRoute extends RouteBase {
  readonly access: 'bearer';
}

/** What is known of an endpoint without its code: all that a host is told, and all that the guard goes by. */
export type EndpointRoute = PublicRoute | BearerRoute;

export interface PublicEndpoint extends PublicRoute {
  readonly docs: EndpointDocs;
  handle(request: Request, context: RequestContext): Response | Promise<Response>;
}

export interface BearerEndpoint extends BearerRoute {
  readonly docs: EndpointDocs;
  handle(request: Request, context: AuthenticatedContext): Response | Promise<Response>;
}

/** An endpoint with what the OpenAPI document tells of it. */
export type DocumentedEndpoint = PublicEndpoint | BearerEndpoint;

/** One route as data. The guard is what makes it answer. */
export type Endpoint = Omit<PublicEndpoint, 'docs'> | Omit<BearerEndpoint, 'docs'>;

/** What a host gives to the guard beside the request; a host that gives nothing gets a fresh id and the app's log. */
export interface Invocation {
  /** Id under which the host knows this request. */
  readonly id?: string;
  /** The host's own log for this request. */
  readonly sink?: LogSink;
  /** `traceparent` of what the host has put down of this request. */
  readonly traceparent?: string | undefined;
}

/** A guarded endpoint. Never throws and never rejects: every failure is a Response. */
export type GuardedHandler = (request: Request, invocation?: Invocation) => Promise<Response>;

/** A route that a host can mount. */
export interface Route {
  readonly name: string;
  readonly path: string;
  /** Every method to register, HEAD and OPTIONS included. */
  readonly methods: readonly (Method | 'HEAD' | 'OPTIONS')[];
  readonly access: Endpoint['access'];
  readonly handle: GuardedHandler;
}
