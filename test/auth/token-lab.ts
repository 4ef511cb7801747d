import { createPublicKey, generateKeyPairSync, KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, exportJWK } from 'jose';
import { apps } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalIdentity } from '../../dev/identity-endpoint.ts';
import { startLocalKeyVault } from '../../dev/key-vault/server.ts';
import { requestUserToken } from '../../dev/oauth-client/entra-tokens.ts';
import { obtainTokens } from '../../dev/oauth-client/raw-oauth.ts';
import { trustCertificates } from '../../dev/trust.ts';
import { createTestKey, startJwksServer, type JwksServer } from '../support/jwks-server.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import type { TestServer } from '../support/server.ts';

/** A key with which tokens can be signed, and what its public half is known by. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly kid: string;
}

/** A token that is in order: what it says and who signs such tokens. */
export interface Genuine {
  readonly token: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly key: SigningKey;
}

/** A server whose two issuers' private keys the test has, so that it can sign whatever they could. */
export interface TokenLab {
  readonly server: TestServer;
  readonly entra: Genuine;
  readonly own: Genuine;
  /** A refresh token of the sign-in behind the server's own token. */
  readonly refreshToken: string;
  /** A JWKS that nobody has a reason to fetch, and keys of the kind that each issuer has. */
  readonly attacker: JwksServer & { readonly keys: { readonly entra: SigningKey; readonly own: SigningKey } };
  stop(): Promise<void>;
}

async function nameKey(privateKey: KeyObject): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}

function describeToken(token: string, key: SigningKey): Genuine {
  return { token, header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token), key };
}

async function startEntra(key: SigningKey, folder: string) {
  const identity = JSON.parse(process.env.TEST_IDENTITY ?? '{}') as LocalIdentity;
  const jwk = { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid };
  writeFileSync(join(folder, 'entra-keys.json'), JSON.stringify([jwk]));
  const { authority, stop } = await startLocalEntra({
    port: 0,
    dataDir: folder,
    federatedCredentials: [{ clientId: apps.proxy.id, audience: 'api://AzureADTokenExchange', ...identity }],
  });
  return { authority, stop, identity };
}

async function startAttacker(): Promise<TokenLab['attacker']> {
  const published = await createTestKey('attacker');
  const keys = {
    entra: await nameKey(KeyObject.from(published.privateKey)),
    own: await nameKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  };
  return Object.assign(await startJwksServer([published]), { keys });
}

/** The server's secrets, with this key to sign with. */
function createSeed(key: SigningKey): Readonly<Record<string, string>> {
  return {
    'session-signing-key': key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'cookie-key': randomBytes(32).toString('base64url'),
    'encryption-key': randomBytes(32).toString('base64url'),
  };
}

/** Real servers all of them, with keys of the test's own making. */
export async function openTokenLab(): Promise<TokenLab> {
  const folder = mkdtempSync(join(tmpdir(), 'token-lab-'));
  const entraKey = await nameKey(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey);
  const ownKey = await nameKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const { authority, identity, stop: stopEntra } = await startEntra(entraKey, folder);
  const vault = await startLocalKeyVault({ port: 0, identity, authority, seed: createSeed(ownKey) });
  trustCertificates(vault.certificate);
  const attacker = await startAttacker();
  const server = await startProxyServer({ ENTRA_AUTHORITY: authority, KEY_VAULT_URL: vault.url });
  const { accessToken, refreshToken } = await obtainTokens(server.url);
  return {
    server,
    entra: describeToken(await requestUserToken(authority, 'alice'), entraKey),
    own: describeToken(accessToken, ownKey),
    refreshToken,
    attacker,
    async stop() {
      await server.stop();
      await attacker.stop();
      await vault.stop();
      await stopEntra();
      rmSync(folder, { recursive: true });
    },
  };
}
