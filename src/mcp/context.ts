import type { ServerContext } from '@modelcontextprotocol/server';
import type { Principal } from '../auth/principal.ts';
import type { AppError } from '../errors.ts';
import type { NoteStore } from '../stores/note-store.ts';
import type { SessionStore } from '../stores/session-store.ts';

/** Who this server is. */
export interface ServerIdentity {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Which build of the version: a commit, or `dev`. */
  readonly build: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What tools, resources and prompts work with. A tool that needs something new gets it by a new member here. */
export interface Services {
  readonly identity: ServerIdentity;
  readonly notes: NoteStore;
  readonly sessions: SessionStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One HTTP request on its way through MCP. */
export interface McpExchange {
  readonly requestId: string;
  readonly principal: Principal;
  /** Notes a failing dependency, so that the HTTP answer can say so (503) instead of a JSON-RPC error in a 200. */
  fail(error: AppError): void;
  /** Reports an unexpected failure to the log. */
  report(error: unknown): void;
}

/** What a tool, a resource or a prompt sees of the request it serves. */
export interface McpContext extends Services {
  readonly requestId: string;
  /** Who calls, from the verified token: the only source of identity. */
  readonly principal: Principal;
  /** Aborts at a tool's deadline, and when the client leaves where the host tells of it (Functions does not). */
  readonly signal: AbortSignal;
  /** The SDK's own view of the request: progress (`notify`), input from the user (`inputResponses`), logging. */
  readonly mcp: ServerContext['mcpReq'];
}
