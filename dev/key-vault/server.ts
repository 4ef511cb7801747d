import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { makeCertificate, type Certificate } from '../certificate.ts';
import { apps, homeTenant } from '../entra/directory.ts';
import { serveFetch } from '../host.ts';
import type { LocalIdentity } from '../identity-endpoint.ts';
import { createCallerCheck } from './caller.ts';
import { keyNames, makeKey } from './make-key.ts';
import { answerRefusal, badParameter, VaultRefusal } from './refusals.ts';
import { createSecretRoutes } from './secret-routes.ts';
import { openSecretStore, type Attributes, type SecretStore } from './store.ts';

export interface LocalKeyVaultOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Whose tokens open the vault; another subject of the same issuer is told that it lacks the role. */
  readonly identity: LocalIdentity;
  /** Of the local Entra, for the challenge. */
  readonly authority: string;
  /** One of its own unless given. */
  readonly certificate?: Pick<Certificate, 'cert' | 'key'>;
  /** Where secrets survive a restart; without it nothing does. */
  readonly dataDir?: string;
  /** In place of the secrets that the server needs, when the vault is new. */
  readonly seed?: Readonly<Record<string, string>>;
}

export interface LocalKeyVault {
  /** For KEY_VAULT_URL. */
  readonly url: string;
  /** PEM text to trust. */
  readonly certificate: string;
  /** How many requests came in. */
  readonly requests: number;
  /** Adds a version, newer than all others, and gives its id; `nbf` and `exp` are seconds since the epoch. */
  set(name: string, value: string, attributes?: Attributes): string;
  /** Disables a version, the newest unless told which. */
  disable(name: string, version?: string): void;
  /** From now on, or no longer, every request is answered 503. */
  outage(on: boolean): void;
  stop(): Promise<void>;
}

/** The secrets of src/stores/secrets.ts. */
function makeSecrets(): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(keyNames.map((name) => [name, makeKey(name)])),
    'entra-client-secret': apps.proxy.secret,
  };
}

interface State {
  requests: number;
  isOut: boolean;
}

/** The whole server, once its URL is known. */
function assemble(url: string, store: SecretStore, state: State, options: LocalKeyVaultOptions): Hono {
  const checkCaller = createCallerCheck(options.identity, `${options.authority}/${homeTenant.id}`);
  const app = new Hono({ strict: false });
  app.use(async (context, next) => {
    state.requests += 1;
    if (state.isOut) throw new VaultRefusal(503, 'ServiceUnavailable', 'The service is unavailable.');
    await checkCaller(context.req.header('authorization'));
    if (!context.req.query('api-version')) throw badParameter('api-version must be specified');
    await next();
  });
  app.route('/secrets', createSecretRoutes(url, store));
  app.notFound(() => answerRefusal(new VaultRefusal(404, 'NotFound', 'There is nothing here.')));
  app.onError((error) => {
    if (error instanceof VaultRefusal) return answerRefusal(error);
    console.error('local Key Vault:', error);
    return answerRefusal(new VaultRefusal(500, 'InternalServerError', 'The server failed.'));
  });
  return app;
}

/**
 * Starts a vault on 127.0.0.1 that speaks Key Vault's protocol for secrets over HTTPS, with its bearer challenge.
 * Rejects with the error of `listen` where the port cannot be had.
 */
export async function startLocalKeyVault(options: LocalKeyVaultOptions): Promise<LocalKeyVault> {
  const { port, dataDir, seed } = options;
  const tls = options.certificate ?? (await makeCertificate());
  const store = openSecretStore(dataDir, () => seed ?? makeSecrets());
  const state: State = { requests: 0, isOut: false };
  const assembled = Promise.withResolvers<Hono>();
  const answer = async (request: Request) => {
    const response = await (await assembled.promise).fetch(request);
    response.headers.set('x-ms-request-id', randomUUID());
    return response;
  };
  const { url, stop } = await serveFetch(answer, { port, tls });
  assembled.resolve(assemble(url, store, state, options));
  return {
    url,
    certificate: tls.cert,
    get requests() {
      return state.requests;
    },
    set: (name, value, attributes) => store.add(name, value, attributes).id,
    disable(name, version) {
      const id = version ?? store.versions(name).at(-1)?.id ?? '';
      if (store.change(name, id, { enabled: false }) === undefined) throw new Error(`${name} is not there`);
    },
    outage: (on) => void (state.isOut = on),
    stop,
  };
}
