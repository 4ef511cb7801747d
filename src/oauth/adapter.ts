import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { RecordStore } from '../stores/record-store.ts';
import type { KindOf } from './client-kinds.ts';
import { isBeingRedeemed } from './redeemed-codes.ts';
import type { OAuthStores, Payload } from './stores.ts';

/** Seconds for which a refresh token that was just exchanged is taken once more (see refresh-grace.ts). */
export const graceSeconds = 60;

const day = 24 * 60 * 60;
/** Seconds that a registered client lives until it is used for the first time. */
const unusedClientSeconds = 7 * day;

export interface AdapterOptions {
  /** Seconds that a refresh token, and with it its grant, lives unused. */
  readonly refreshTokenSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The library's error for a code or token that another request used first. */
  readonly refuseUsed: () => Error;
  readonly kindOf: KindOf;
}

/** What the library calls and this server has no use for. */
const unused = {
  findByUserCode: () => Promise.resolve(undefined),
  findByUid: () => Promise.resolve(undefined),
  // Everything that belongs to a grant asks for the grant first, so ending that one record ends it all at once.
  revokeByGrantId: () => Promise.resolve(undefined),
};

/** Sessions, so that nobody is signed in silently; what carries all it says; and what is switched off. */
const neverKept: readonly string[] = [
  'Session',
  'AccessToken',
  'ClientCredentials',
  'InitialAccessToken',
  'RegistrationAccessToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
  'PushedAuthorizationRequest',
];

const forgetful: Adapter = {
  ...unused,
  upsert: () => Promise.resolve(undefined),
  find: () => Promise.resolve(undefined),
  consume: () => Promise.resolve(undefined),
  destroy: () => Promise.resolve(undefined),
};

/** The library identifies a record by its token, which must not be readable in what is stored. */
function withoutToken(payload: AdapterPayload): Payload {
  const { jti, ...others } = payload;
  return jti === undefined ? payload : others;
}

function toEnd(now: number, expiresIn: number | undefined): number {
  return now + (expiresIn ?? unusedClientSeconds) * 1_000;
}

/** Keeps a model's records, to be used once where the model can be used at all. */
function createRecordAdapter(store: RecordStore<Payload>, { now, refuseUsed }: AdapterOptions): Adapter {
  return {
    ...unused,
    upsert: (id, payload, expiresIn) => store.save(id, withoutToken(payload), toEnd(now(), expiresIn)),
    async find(id) {
      const record = await store.find(id);
      return record && { ...record.value, jti: id };
    },
    async consume(id) {
      const record = await store.find(id);
      if (record === undefined || 'consumed' in record.value) throw refuseUsed();
      const used = { ...record.value, consumed: Math.floor(now() / 1_000) };
      // Conditional on nobody having written since: of two requests with one code, one gets it.
      if ((await store.replace(id, used, record)) === undefined) throw refuseUsed();
    },
    destroy: (id) => store.remove(id),
  };
}

/** As other records, but only registered clients have one. */
function createClientAdapter(store: RecordStore<Payload>, options: AdapterOptions): Adapter {
  const adapter = createRecordAdapter(store, options);
  return {
    ...adapter,
    async find(id) {
      return options.kindOf(id) === 'registered' ? adapter.find(id) : undefined;
    },
  };
}

/** As other records, but of several redemptions at once the others are refused without ending what the first has. */
function createCodeAdapter(store: RecordStore<Payload>, options: AdapterOptions): Adapter {
  const adapter = createRecordAdapter(store, options);
  return {
    ...adapter,
    async find(id) {
      const payload = await adapter.find(id);
      if (payload && isBeingRedeemed(payload, options.now())) throw options.refuseUsed();
      return payload;
    },
  };
}

function isInGrace(payload: Payload, now: number): boolean {
  return typeof payload.consumed === 'number' && now - payload.consumed * 1_000 <= graceSeconds * 1_000;
}

/** As other records, but a token that was exchanged within the grace still counts as unused. */
function createRefreshTokenAdapter(store: RecordStore<Payload>, options: AdapterOptions): Adapter {
  const { now } = options;
  return {
    ...createRecordAdapter(store, options),
    async find(id) {
      const record = await store.find(id);
      if (record === undefined) return undefined;
      const { consumed, ...fresh } = record.value;
      return {
        ...fresh,
        ...(!isInGrace(record.value, now()) && consumed !== undefined && { consumed }),
        jti: id,
      };
    },
    async consume(id) {
      const record = await store.find(id);
      if (record === undefined) throw options.refuseUsed();
      if ('consumed' in record.value) return;
      const used = { ...record.value, consumed: Math.floor(now() / 1_000) };
      if ((await store.replace(id, used, record)) !== undefined) return;
      // Whoever is second here repeats the exchange within the grace, but not when the token has ended meanwhile.
      if ((await store.find(id)) === undefined) throw options.refuseUsed();
    },
  };
}

/** A grant lives as long as its refresh tokens can; the account behind it is in the same record. */
function createGrantAdapter(
  store: OAuthStores['grants'],
  { refreshTokenSeconds, now, refuseUsed }: AdapterOptions,
): Adapter {
  return {
    ...forgetful,
    async upsert(id, payload) {
      const end = now() + (refreshTokenSeconds + day) * 1_000;
      // The library saves a grant once, before it has an account; a second time would take that away.
      if (!(await store.insert(id, { payload: withoutToken(payload) }, end))) throw refuseUsed();
    },
    async find(id) {
      const record = await store.find(id);
      return record && { ...record.value.payload, jti: id };
    },
    destroy: (id) => store.remove(id),
  };
}

/**
 * The library's storage: each of its models that outlives a request, in a store of ours.
 * The factory throws Error for a model that it does not know: to forget one that has to be kept would take its
 * protection away without a word.
 */
export function createAdapterFactory(stores: OAuthStores, options: AdapterOptions): AdapterFactory {
  const adapters: Readonly<Record<string, Adapter>> = {
    Client: createClientAdapter(stores.clients, options),
    Interaction: createRecordAdapter(stores.requests, options),
    // Identifiers of client assertions that were seen (RFC 7523 section 3).
    ReplayDetection: createRecordAdapter(stores.requests, options),
    AuthorizationCode: createCodeAdapter(stores.codes, options),
    RefreshToken: createRefreshTokenAdapter(stores.refreshTokens, options),
    Grant: createGrantAdapter(stores.grants, options),
  };
  return (model) => {
    const adapter = adapters[model] ?? (neverKept.includes(model) ? forgetful : undefined);
    if (adapter === undefined) throw new Error(`oidc-provider's model ${model} has no store`);
    return adapter;
  };
}
