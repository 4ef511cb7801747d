import { setTimeout as delay } from 'node:timers/promises';
import { withDeadline } from '../deadline.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { RecordStore, StoredRecord } from '../stores/record-store.ts';
import { isSameAccount, type Account } from './account.ts';
import { UpstreamRefusal, type EntraClient, type UpstreamTokens } from './entra-client.ts';
import {
  createLinkedGrants,
  isLinked,
  type LinkedGrant,
  type LinkedGrants,
  type Upstream,
} from './linked-grants.ts';
import type { GrantRecord } from './stores.ts';

/** The accounts at Entra behind the grants, one each. */
export interface Accounts {
  /** Puts the account behind a grant that was just made. */
  link(grantId: string, tokens: UpstreamTokens): Promise<void>;
  /**
   * The account, confirmed at Entra within the last minute: by another call, on whatever instance, or by refreshing
   * now, which at any time only one instance does for a grant. Undefined when the grant has ended; an account or session
   * that has ended at Entra ends the grant.
   * @param known the grant's record where the caller has just read it
   * @throws AppError `entra_unavailable` or `entra_refused_server`, and what the proxy's credential throws, when it
   *   cannot be confirmed now; the grant lives on
   */
  confirm(grantId: string, known?: StoredRecord<GrantRecord>): Promise<Account | undefined>;
  /**
   * Until when the grant may count as standing without being looked at again, milliseconds since the epoch: a minute
   * from when Entra confirmed its account. Undefined when it has ended. As `confirm`, but where Entra cannot be asked
   * the grant's own record decides.
   */
  standsUntil(grantId: string): Promise<number | undefined>;
}

export interface AccountsOptions {
  readonly grants: RecordStore<GrantRecord>;
  readonly entra: Pick<EntraClient, 'refresh'>;
  /** How long a client may go unused, seconds. A grant lives a day longer, so that it outlives its refresh tokens. */
  readonly refreshTokenSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
  /** Takes why Entra's answer ended a grant, for the log: codes, never names. */
  readonly report?: (reason: string) => void;
}

/** The account, and when Entra confirmed it. */
type Confirmation = Pick<Upstream, 'account' | 'confirmedAt'>;

/** How long a confirmation counts. */
const confirmedForMs = 60_000;
/** Longer than a refresh can take, so that it ends only when its holder has died. */
const leaseMs = 20_000;
/** How often, and how many times, a caller looks whether another has confirmed: 8 s in all. */
const pollMs = 200;
const maxTurns = 40;
const dayMs = 86_400_000;
/** How long a call of `/mcp` waits for Entra; a confirmation that takes longer goes on behind it. */
export const patienceMs = 2_500;

/** The person is not welcome any more, by this server's own rules on what Entra says now. */
const unwelcome: readonly ErrorCode[] = ['wrong_tenant', 'missing_scope'];
/** Entra could not be asked. */
const unasked: readonly ErrorCode[] = [
  'entra_unavailable',
  'entra_refused_server',
  'secrets_unavailable',
  'secret_missing',
  'secret_unusable',
];

function hasCode(error: unknown, codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && codes.includes(error.code);
}

function toUpstream({ account, refreshToken }: UpstreamTokens, confirmedAt: number): Upstream {
  const { scopes, roles, ...person } = account;
  return {
    account: { ...person, scopes: [...scopes], roles: [...roles] },
    refreshToken,
    confirmedAt,
    leasedUntil: 0,
  };
}

/** What a refresh came to: tokens, or the end of the grant. */
type Renewal = UpstreamTokens | 'ended';

async function renew(
  { entra, report = () => undefined }: AccountsOptions,
  { account, refreshToken }: Upstream,
): Promise<Renewal> {
  try {
    const tokens = await entra.refresh(refreshToken);
    if (isSameAccount(tokens.account, account)) return tokens;
    report('another account');
    return 'ended';
  } catch (error) {
    if (error instanceof UpstreamRefusal || hasCode(error, unwelcome)) {
      report(error instanceof UpstreamRefusal ? error.detail : error.code);
      return 'ended';
    }
    if (hasCode(error, unasked) || !(error instanceof AppError)) throw error;
    // A token that this server cannot accept from its own Entra is a mistake in its configuration, not the person's.
    throw new AppError('entra_refused_server', { detail: `refreshed token: ${error.code}`, cause: error });
  }
}

/** When a grant ends that is used now. */
function toEnd({ now, refreshTokenSeconds }: AccountsOptions): number {
  return now() + refreshTokenSeconds * 1_000 + dayMs;
}

/** Asks Entra in the name of a lease: the confirmation. Undefined where what is stored now has to be looked at. */
function createRenewal(options: AccountsOptions, linked: LinkedGrants) {
  const { grants, now } = options;
  return async function refreshLeased(
    grantId: string,
    leased: LinkedGrant,
  ): Promise<Confirmation | undefined> {
    const held = leased.value.upstream;
    const isMine = ({ upstream }: GrantRecord) => upstream?.leasedUntil === held.leasedUntil;
    let renewal;
    try {
      renewal = await renew(options, held);
    } catch (error) {
      // So that the next caller need not wait for the lease to end. It does end where this fails, too.
      await linked
        .write(grantId, { ...held, leasedUntil: 0 }, { isMine, known: leased })
        .catch(() => undefined);
      throw error;
    }
    if (renewal === 'ended') {
      const found = await linked.find(grantId);
      if (found !== undefined && isMine(found.value)) await grants.remove(grantId);
      return undefined;
    }
    const confirmed = toUpstream(renewal, now());
    const written = await linked.write(grantId, confirmed, {
      isMine,
      known: leased,
      lastsUntil: toEnd(options),
    });
    // Where the lease was lost to another call meanwhile, what that one found counts.
    return written ? confirmed : undefined;
  };
}

function findRecent({ value: { upstream } }: LinkedGrant, now: number): Confirmation | undefined {
  return now - upstream.confirmedAt < confirmedForMs ? upstream : undefined;
}

/**
 * Single-flight is by a lease in the grant's own record, taken on condition of its ETag: it holds across instances, and
 * ends by itself where its holder died. Callers on one instance share one confirmation, so that an Entra that does not
 * answer is asked once for all of them.
 */
function createConfirmation(options: AccountsOptions, linked: LinkedGrants) {
  const { now, sleep = delay } = options;
  const refreshLeased = createRenewal(options, linked);
  const pending = new Map<string, Promise<Confirmation | undefined>>();

  /** Undefined when another asks Entra, or has just asked. */
  async function askEntra(grantId: string, record: LinkedGrant): Promise<Confirmation | undefined> {
    if (record.value.upstream.leasedUntil > now()) {
      await sleep(pollMs);
      return undefined;
    }
    const leased = await linked.lease(grantId, record, now() + leaseMs);
    return leased && refreshLeased(grantId, leased);
  }

  async function confirm(grantId: string, known?: LinkedGrant): Promise<Confirmation | undefined> {
    let record = known;
    for (let turn = 0; turn < maxTurns; turn += 1) {
      record ??= await linked.find(grantId);
      if (record === undefined) return undefined;
      const confirmation = findRecent(record, now()) ?? (await askEntra(grantId, record));
      if (confirmation !== undefined) return confirmation;
      record = undefined;
    }
    throw new AppError('entra_unavailable', { detail: 'another request is still confirming the account' });
  }

  return function confirmOnce(grantId: string, known?: LinkedGrant): Promise<Confirmation | undefined> {
    const running = pending.get(grantId);
    if (running !== undefined) return running;
    const started = confirm(grantId, known).finally(() => pending.delete(grantId));
    pending.set(grantId, started);
    return started;
  };
}

export function createAccounts(options: AccountsOptions): Accounts {
  const { now } = options;
  const linked = createLinkedGrants(options.grants);
  const confirmOnce = createConfirmation(options, linked);

  return {
    async confirm(grantId, known) {
      if (!isLinked(known)) return (await confirmOnce(grantId))?.account;
      // What this caller has read is for this caller alone: others would take it for read now.
      return (findRecent(known, now()) ?? (await confirmOnce(grantId, known)))?.account;
    },

    async link(grantId, tokens) {
      const upstream = toUpstream(tokens, now());
      const lastsUntil = toEnd(options);
      if (await linked.write(grantId, upstream, { isMine: () => true, lastsUntil })) return;
      throw new AppError('internal_error', { detail: 'the grant ended before it had an account' });
    },

    async standsUntil(grantId) {
      const asked = now();
      try {
        const confirmation = await withDeadline(confirmOnce(grantId), patienceMs, () => {
          return new AppError('entra_unavailable', { detail: 'still confirming the account' });
        });
        return confirmation && confirmation.confirmedAt + confirmedForMs;
      } catch (error) {
        if (!hasCode(error, unasked)) throw error;
        return (await linked.find(grantId)) && asked + confirmedForMs;
      }
    },
  };
}
