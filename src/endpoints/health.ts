import * as z from 'zod';
import { toAppError } from '../errors.ts';
import type { PublicEndpoint } from '../http/endpoint.ts';
import { pageRoutes } from './routes.ts';

/** Resolves when the dependency could serve a request now. */
export type Check = () => Promise<void>;

const resultSchema = z.object({
  status: z.enum(['ok', 'failed']),
  ms: z.int(),
  code: z.string().optional().describe('What failed, from the catalogue of errors'),
});
const readinessSchema = z.object({
  status: z.enum(['ok', 'failed']),
  checkedAt: z.iso.datetime(),
  checks: z.record(z.string(), resultSchema),
});

type CheckResult = z.infer<typeof resultSchema>;
type Readiness = z.infer<typeof readinessSchema>;

async function runCheck(check: Check): Promise<CheckResult> {
  const startedAt = performance.now();
  const elapsed = () => Math.round(performance.now() - startedAt);
  try {
    await check();
    return { status: 'ok', ms: elapsed() };
  } catch (error) {
    // The code and nothing else: this route is open to everyone.
    return { status: 'failed', ms: elapsed(), code: toAppError(error).code };
  }
}

async function runChecks(checks: Readonly<Record<string, Check>>, now: () => number): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check)] as const),
  );
  const status = results.every(([, result]) => result.status === 'ok') ? 'ok' : 'failed';
  return { status, checkedAt: new Date(now()).toISOString(), checks: Object.fromEntries(results) };
}

export interface HealthOptions {
  readonly checks: Readonly<Record<string, Check>>;
  readonly now?: () => number;
  /** Milliseconds for which a result is given again, so that probes cannot load the dependencies. */
  readonly cacheMs?: number;
}

/** `/health`: whether requests could be served now, dependency by dependency. 200 or 503. */
export function createHealthEndpoint({
  checks,
  now = Date.now,
  cacheMs = 5_000,
}: HealthOptions): PublicEndpoint {
  let latest: { at: number; readiness: Promise<Readiness> } | undefined;
  return {
    ...pageRoutes.health,
    docs: {
      summary: 'Readiness',
      description: `Each dependency's state; the result is kept for ${cacheMs / 1_000} seconds.`,
      responses: {
        200: { description: 'Every dependency answers', schema: readinessSchema },
        503: { description: 'At least one does not', schema: readinessSchema },
      },
    },
    async handle() {
      if (latest === undefined || now() - latest.at >= cacheMs) {
        latest = { at: now(), readiness: runChecks(checks, now) };
      }
      const readiness = await latest.readiness;
      if (readiness.status === 'ok') return Response.json(readiness);
      return Response.json(readiness, {
        status: 503,
        headers: { 'Retry-After': String(Math.ceil(cacheMs / 1_000)) },
      });
    },
  };
}
