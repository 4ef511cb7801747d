import { AppError } from '../errors.ts';
import { describeCause, type Log } from '../log.ts';
import type { CountLookup } from '../telemetry/telemetry.ts';
import { secretNames, type SecretName, type Secrets, type SecretVersion } from '../stores/secrets.ts';

/**
 * Asks the vault for the usable versions, newest first, at least one. `known` are those of its last answer, whose
 * values cannot have changed.
 * @throws AppError `secrets_unavailable` when the vault does not answer, another code when what it has is no use
 */
export type AskVault = (
  name: SecretName,
  known: readonly SecretVersion[],
) => Promise<readonly SecretVersion[]>;

export interface SecretCacheOptions {
  readonly now: () => number;
  readonly log: Log;
  readonly countLookup?: CountLookup | undefined;
}

/** What the vault said last, at the time of the question. */
type Answer =
  | { readonly at: number; readonly versions: readonly SecretVersion[] }
  | { readonly at: number; readonly refusal: unknown };

const minute = 60_000;
/** Age up to which an answer is given without a question to the vault, and up to which nobody waits for that. */
const freshMs = 5 * minute;
const staleMs = 10 * minute;
/** Age up to which an answer does while the vault is out. */
const outageMs = 12 * 60 * minute;
/**
 * Short, because for as long a new version that another instance uses already is not known here; not shorter, because
 * anybody can name a version that there is not.
 */
const askAgainMs = 2_000;

function isOutage(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'secrets_unavailable';
}

/** One secret, asked for once at a time. */
function createQuestion(name: SecretName, askVault: AskVault, now: () => number) {
  let answer: Answer | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isOut = false;
  let pending: Promise<readonly SecretVersion[]> | undefined;

  async function ask(): Promise<readonly SecretVersion[]> {
    askedAt = now();
    const at = askedAt;
    try {
      const known = answer !== undefined && 'versions' in answer ? answer.versions : [];
      const versions = await askVault(name, known);
      isOut = false;
      answer = { at, versions };
      return versions;
    } catch (error) {
      isOut = isOutage(error);
      if (!isOut) answer = { at, refusal: error };
      throw error;
    } finally {
      pending = undefined;
    }
  }

  return {
    /** The answer, also when another asked: everyone waits for the same one. */
    ask: () => (pending ??= ask()),
    get answer() {
      return answer;
    },
    /** Whether the last question got no answer. */
    get isOut() {
      return isOut;
    },
    get isPending() {
      return pending !== undefined;
    },
    get isTooEarly() {
      return pending === undefined && now() - askedAt < askAgainMs;
    },
  };
}

function createCachedSecret(
  name: SecretName,
  askVault: AskVault,
  { now, log, countLookup }: SecretCacheOptions,
) {
  const question = createQuestion(name, askVault, now);

  /** The vault's answer where it is time to ask and there is one, otherwise what is known. */
  async function renew(known: readonly SecretVersion[]): Promise<readonly SecretVersion[]> {
    if (question.isTooEarly) return known;
    const isFirst = !question.isPending;
    try {
      return await question.ask();
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (isFirst) log('warn', 'secret_from_cache', { detail: error.detail, cause: describeCause(error) });
      return known;
    }
  }

  /** For whoever needs to know what the vault says now: what it said before is no answer. */
  async function refresh(): Promise<readonly SecretVersion[] | undefined> {
    if (!question.isTooEarly) return question.ask();
    if (!question.isOut) return undefined;
    throw new AppError('secrets_unavailable', { detail: `${name}: no answer moments ago` });
  }

  async function read(): Promise<readonly SecretVersion[]> {
    const { answer } = question;
    countLookup?.(answer !== undefined && 'versions' in answer && now() - answer.at < staleMs);
    if (answer === undefined) return question.ask();
    const age = now() - answer.at;
    if ('refusal' in answer) {
      if (age >= askAgainMs) return question.ask();
      throw answer.refusal;
    }
    if (age < freshMs) return answer.versions;
    if (age >= outageMs) return question.ask();
    const renewed = renew(answer.versions);
    if (age >= staleMs && !question.isOut) return renewed;
    // What it rejects with is the next reader's.
    renewed.catch(() => undefined);
    return answer.versions;
  }

  return { read, refresh };
}

/**
 * Keeps what a vault answers: fresh for 5 minutes, renewed in the background until 10, then by the reader, and for up
 * to 12 hours given while the vault is out. Whoever could have a kept answer asks at most every 2 seconds.
 */
export function createSecretCache(askVault: AskVault, options: SecretCacheOptions): Secrets {
  const secrets = Object.fromEntries(
    secretNames.map((name) => [name, createCachedSecret(name, askVault, options)]),
  ) as Record<SecretName, ReturnType<typeof createCachedSecret>>;
  return {
    read: (name) => secrets[name].read(),
    refresh: (name) => secrets[name].refresh(),
  };
}
