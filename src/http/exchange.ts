import { randomUUID } from 'node:crypto';
import { describeError, type AppError } from '../errors.ts';
import { createLog, describeCause, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
import type { Quota } from '../quota.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AuditEvent } from './audit.ts';
import type { DeferredWork } from './deferred-work.ts';
import type { Endpoint, Invocation, RequestContext } from './endpoint.ts';
import { describeFailure } from './failure-fields.ts';

/** One request on its way through the guard. */
export interface Exchange {
  readonly requestId: string;
  readonly log: Log;
  readonly fields: Record<string, LogFields[string]>;
  /** What is to be done when the answer has been given. */
  deferred: (() => Promise<unknown>)[] | undefined;
  /** What the caller has left, where that is counted. */
  quota: Quota | undefined;
  readonly startedAt: number;
  isAudited: boolean;
}

export interface ExchangeOptions {
  readonly logLevel: LogLevel;
  /** Where lines go when the host has no log of its own for a request. */
  readonly sink: LogSink;
  readonly telemetry?: Telemetry | undefined;
}

export function beginExchange(invocation: Invocation, options: ExchangeOptions): Exchange {
  return {
    requestId: invocation.id ?? randomUUID(),
    log: createLog(invocation.sink ?? options.sink, options.logLevel, options.telemetry),
    fields: {},
    deferred: undefined,
    quota: undefined,
    startedAt: performance.now(),
    isAudited: false,
  };
}

function audit(exchange: Exchange, event: AuditEvent): void {
  exchange.isAudited = true;
  const level = event.outcome === 'success' ? 'info' : 'warn';
  exchange.log(level, 'audit', { requestId: exchange.requestId, ...event });
}

export function createContext(exchange: Exchange, body: string): RequestContext {
  return {
    requestId: exchange.requestId,
    body,
    annotate: (fields) => void Object.assign(exchange.fields, fields),
    audit: (event) => audit(exchange, event),
    report: (error) => {
      exchange.log('error', 'unexpected_failure', {
        requestId: exchange.requestId,
        tool: exchange.fields.tool,
        ...describeFailure(error),
      });
    },
    defer: (task) => {
      (exchange.deferred ??= []).push(task);
    },
  };
}

export function startDeferred({ deferred, log, requestId }: Exchange, work: DeferredWork): void {
  if (deferred === undefined) return;
  for (const task of deferred) {
    work.start(async () => {
      try {
        await task();
      } catch (error) {
        log('warn', 'deferred_work_failed', { requestId, cause: describeCause(error) });
      }
    });
  }
}

/** A refusal is worth a warning; 404 and 405 are how clients find out what there is. */
function levelOf(status: number): LogLevel {
  if (status >= 500) return 'error';
  return status >= 400 && status !== 404 && status !== 405 ? 'warn' : 'info';
}

/** The audit event of a caller that the guard refuses, unless there is one that says more. */
export function auditRefusal({ code }: AppError, exchange: Exchange): void {
  const { status } = describeError(code);
  // Who sends no token is told where to get one: that is how every client begins.
  if ((status !== 401 && status !== 403) || code === 'missing_token' || exchange.isAudited) return;
  const { user, client } = exchange.fields as Readonly<Record<string, string | undefined>>;
  audit(exchange, { action: 'refusal', outcome: 'failure', user, client, reason: code });
}

export function logExchange(endpoint: Endpoint, request: Request, status: number, exchange: Exchange): void {
  exchange.log(levelOf(status), 'request', {
    requestId: exchange.requestId,
    route: endpoint.path,
    method: request.method,
    status,
    ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
    ...exchange.fields,
  });
}
