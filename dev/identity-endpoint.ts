import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import { homeTenant } from './entra/directory.ts';
import { loadSigningKeys, type SigningKeys } from './entra/keys.ts';
import { serveFetch } from './host.ts';
import { readJson, writePrivateJson } from './private-file.ts';

export interface LocalIdentityEndpointOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Where header and keys survive a restart; without it nothing does. */
  readonly dataDir?: string;
}

/** How others recognise the tokens of the local managed identity. */
export interface LocalIdentity {
  readonly issuer: string;
  /** `sub`: the identity's principal id. */
  readonly subject: string;
  readonly jwksUri: string;
}

export interface LocalIdentityEndpoint extends LocalIdentity {
  /** For IDENTITY_ENDPOINT. */
  readonly endpoint: string;
  /** For IDENTITY_HEADER. */
  readonly header: string;
  stop(): Promise<void>;
}

/** The one identity that there is, as if assigned by the system; whoever names it by its client id gets it, too. */
const clientId = '1de00000-0000-4000-8000-000000000001';
const principalId = '1de00000-0000-4000-8000-000000000002';

const apiVersion = '2019-08-01';
const tokenSeconds = 86_400;
const tokenPath = '/msi/token';
const keysPath = '/discovery/keys';

/** What a token can be had for: Key Vault, Table Storage, federated credentials of app registrations, Azure Monitor. */
const resources = [
  'https://vault.azure.net',
  'https://storage.azure.com',
  'api://AzureADTokenExchange',
  'https://monitor.azure.com',
] as const;

function loadHeader(dataDir: string | undefined): string {
  const path = dataDir === undefined ? undefined : join(dataDir, 'identity-header.json');
  const stored = path === undefined ? undefined : readJson(path);
  if (stored !== undefined) return z.string().min(1).parse(stored);
  const header = randomUUID().toUpperCase() + randomBytes(8).toString('hex').toUpperCase();
  if (path !== undefined) writePrivateJson(path, header);
  return header;
}

function refuse(statusCode: 400 | 401 | 404 | 405, message: string): Response {
  return Response.json({ statusCode, message, correlationId: randomUUID() }, { status: statusCode });
}

/** What is wrong with a request, in the platform's words where they are known. */
function findFault(query: URLSearchParams): string | undefined {
  const resource = query.get('resource')?.replace(/\/$/, '');
  const wanted = query.get('client_id');
  if (query.get('api-version') !== apiVersion) return `The api-version must be ${apiVersion}.`;
  if (resource === undefined || resource === '') return 'The resource parameter is missing.';
  if (!resources.some((known) => known === resource)) {
    return `AADSTS500011: The resource principal named ${resource} was not found in the tenant.`;
  }
  if (wanted !== null && wanted !== clientId) {
    return 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.';
  }
  return undefined;
}

function signToken(keys: SigningKeys, issuer: string, resource: string, issuedAt: number) {
  const key = keys.current();
  const claims = { appid: clientId, idtyp: 'app', oid: principalId, tid: homeTenant.id, ver: '1.0' };
  return importJWK(key, 'RS256').then((privateKey) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(principalId)
      .setAudience(resource)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + tokenSeconds)
      .sign(privateKey),
  );
}

/** Answers one request; `origin` is the server's own, known once it listens. */
async function answer(
  request: Request,
  { keys, header, origin }: { keys: SigningKeys; header: string; origin: string },
): Promise<Response> {
  const url = new URL(request.url);
  if (request.method !== 'GET') return refuse(405, 'Only GET is answered.');
  if (url.pathname === keysPath) return Response.json({ keys: keys.published() });
  if (url.pathname !== tokenPath) return refuse(404, 'There is nothing here.');
  if (request.headers.get('x-identity-header') !== header) {
    return refuse(401, 'The X-IDENTITY-HEADER header is missing or not the one of this app.');
  }
  const fault = findFault(url.searchParams);
  if (fault !== undefined) return refuse(400, fault);
  const resource = url.searchParams.get('resource') ?? '';
  const issuedAt = Math.floor(Date.now() / 1_000);
  return Response.json({
    access_token: await signToken(keys, origin, resource, issuedAt),
    client_id: clientId.toUpperCase(),
    expires_on: String(issuedAt + tokenSeconds),
    resource,
    token_type: 'Bearer',
  });
}

/**
 * Starts, on 127.0.0.1, the endpoint through which App Service and Functions give tokens of their managed identity
 * (`GET ?resource=…&api-version=2019-08-01` with the header X-IDENTITY-HEADER). Rejects with the error of `listen`
 * where the port cannot be had.
 */
export async function startLocalIdentityEndpoint({
  port,
  dataDir,
}: LocalIdentityEndpointOptions): Promise<LocalIdentityEndpoint> {
  const keys = await loadSigningKeys(dataDir === undefined ? undefined : join(dataDir, 'identity-keys.json'));
  const header = loadHeader(dataDir);
  let origin = '';
  const host = await serveFetch((request) => answer(request, { keys, header, origin }), { port });
  origin = host.url;
  return {
    endpoint: origin + tokenPath,
    header,
    issuer: origin,
    subject: principalId,
    jwksUri: origin + keysPath,
    stop: () => host.stop(),
  };
}
