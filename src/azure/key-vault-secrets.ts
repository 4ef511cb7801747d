import type { TokenCredential } from '@azure/identity';
import type { SecretClient, SecretProperties } from '@azure/keyvault-secrets';
import { withDeadline } from '../deadline.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isLoopback } from '../loopback.ts';
import type { SecretName, Secrets, SecretVersion } from '../stores/secrets.ts';
import { askUnseen } from '../telemetry/observe.ts';
import type { Ask, CountLookup } from '../telemetry/telemetry.ts';
import { createSecretCache } from './secret-cache.ts';
import { refuseStrangers, retryOptions } from './service-client.ts';

/** Deadline of a look at a secret unless told otherwise, milliseconds. */
export const secretDeadlineMs = 5_000;

export interface KeyVaultSecretsOptions {
  readonly credential: TokenCredential;
  readonly now: () => number;
  readonly log: Log;
  /** Milliseconds for one look at a secret, its retries included. */
  readonly deadlineMs?: number;
  readonly ask?: Ask | undefined;
  readonly countLookup?: CountLookup | undefined;
}

/** Most versions of a secret that are known at once. */
const maxVersions = 5;

/** The part of the SDK's RestError that is read here; the class itself is not imported, so that it can load late. */
interface VaultFailure extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly details?: {
    readonly error?: { readonly code?: string; readonly innerError?: { readonly code?: string } };
  };
}

function isVaultFailure(error: unknown): error is VaultFailure {
  return error instanceof Error && error.name === 'RestError';
}

function codeOf({ code, details }: VaultFailure): string {
  return details?.error?.innerError?.code ?? details?.error?.code ?? code ?? 'no code';
}

/** Whether the vault says that the version is not there, or not any more. */
function isGone(error: unknown): boolean {
  if (!isVaultFailure(error)) return false;
  return error.statusCode === 404 || codeOf(error) === 'SecretDisabled';
}

function explainFailure(failure: VaultFailure): string {
  const { statusCode: status } = failure;
  // An answer that could not be read has no status, and its text, which may hold a secret, in the error's message.
  if (status === undefined) return `no usable answer (${codeOf(failure)})`;
  const answer = `status ${status} ${codeOf(failure)}`;
  return status === 401 || status === 403
    ? `${answer}: does the identity have the role Key Vault Secrets User?`
    : answer;
}

/** Whatever else keeps a secret from being read is an outage; the SDK's own errors stay here, for what they hold. */
function toAppError(name: SecretName, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isVaultFailure(error)) {
    return new AppError('secrets_unavailable', { detail: `${name}: ${explainFailure(error)}` });
  }
  const detail = `${name}: ${error instanceof Error ? error.name : typeof error}`;
  return new AppError('secrets_unavailable', { detail, cause: error });
}

function isUsable({ enabled, notBefore, expiresOn }: SecretProperties, at: number): boolean {
  if (enabled !== true) return false;
  return (notBefore?.getTime() ?? at) <= at && (expiresOn?.getTime() ?? Number.POSITIVE_INFINITY) > at;
}

/** The vault lists in no useful order; times are whole seconds, so that ids decide between equals, on every instance. */
function compareNewestFirst(one: SecretProperties, other: SecretProperties): number {
  const byAge = (other.createdOn?.getTime() ?? 0) - (one.createdOn?.getTime() ?? 0);
  if (byAge !== 0) return byAge;
  return (one.version ?? '') < (other.version ?? '') ? -1 : 1;
}

async function listUsableIds(
  client: SecretClient,
  name: SecretName,
  at: number,
  abortSignal: AbortSignal,
): Promise<string[]> {
  const listed: SecretProperties[] = [];
  for await (const properties of client.listPropertiesOfSecretVersions(name, { abortSignal })) {
    if (isUsable(properties, at)) listed.push(properties);
  }
  return listed.sort(compareNewestFirst).flatMap(({ version }) => (version === undefined ? [] : [version]));
}

async function readVersion(
  client: SecretClient,
  name: SecretName,
  version: string,
  abortSignal: AbortSignal,
): Promise<SecretVersion[]> {
  try {
    const { value = '' } = await client.getSecret(name, { version, abortSignal });
    return [{ id: version, value }];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function readVersions(
  client: SecretClient,
  name: SecretName,
  known: readonly SecretVersion[],
  at: number,
  abortSignal: AbortSignal,
): Promise<readonly SecretVersion[]> {
  const ids = await listUsableIds(client, name, at, abortSignal);
  const found = await Promise.all(
    ids.slice(0, maxVersions).map(async (id) => {
      const old = known.find((version) => version.id === id);
      return old === undefined ? await readVersion(client, name, id, abortSignal) : [old];
    }),
  );
  const [newest, ...older] = found.flat();
  if (newest === undefined) {
    throw new AppError('secret_missing', { detail: `${name}: the vault has no enabled version` });
  }
  if (newest.value.trim() === '') {
    throw new AppError('secret_unusable', { detail: `${name}: version ${newest.id} is empty` });
  }
  return [newest, ...older.filter(({ value }) => value.trim() !== '')];
}

/**
 * The secrets of a Key Vault: of each the enabled versions that are within their dates, newest first, at most 5.
 * Nothing is opened before the first read, and the SDK is loaded with it. Cached as `createSecretCache` says.
 * @throws AppError `secret_unusable`, when a secret is read, where its newest version is empty
 */
export function createKeyVaultSecrets(
  { url }: { readonly url: string },
  {
    credential,
    now,
    log,
    deadlineMs = secretDeadlineMs,
    ask = askUnseen,
    countLookup,
  }: KeyVaultSecretsOptions,
): Secrets {
  const options = {
    retryOptions,
    additionalPolicies: refuseStrangers((detail) => new AppError('secrets_unavailable', { detail })),
    // The challenge of a vault on this machine names Azure's resource, whose domain cannot be this machine's.
    disableChallengeResourceVerification: isLoopback(new URL(url)),
  };
  let client: SecretClient | undefined;

  async function openClient(): Promise<SecretClient> {
    const sdk = await import('./sdk/key-vault.ts');
    // What asks for the vault's tokens, too: the first of those is asked for while the deadline runs.
    await import('./sdk/identity.ts');
    client ??= new sdk.SecretClient(url, credential, options);
    return client;
  }

  async function askVault(name: SecretName, known: readonly SecretVersion[]) {
    const controller = new AbortController();
    try {
      // To load the library is none of the vault's time.
      const opened = await openClient();
      const read = readVersions(opened, name, known, now(), controller.signal);
      return await withDeadline(read, deadlineMs, () => {
        const detail = `${name}: no answer within ${deadlineMs} ms`;
        return new AppError('secrets_unavailable', { detail });
      });
    } catch (error) {
      throw toAppError(name, error);
    } finally {
      controller.abort();
    }
  }

  return createSecretCache((name, known) => ask(name, () => askVault(name, known)), {
    now,
    log,
    countLookup,
  });
}
