import { createRemoteJWKSet, decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { findApplication } from './directory.ts';
import type { Application } from './directory.ts';
import { EntraRefusal } from './refusals.ts';
import type { ClientAuthentication } from './tokens.ts';

/** A trusted foreign token that stands in for a secret (workload identity federation). */
export interface FederatedCredential {
  readonly clientId: string;
  readonly issuer: string;
  readonly subject: string;
  /** Entra's own choice is `api://AzureADTokenExchange`. */
  readonly audience: string;
  /** Where the issuer publishes its keys; Entra finds it by discovery. */
  readonly jwksUri: string;
}

export interface AuthenticatedClient {
  readonly app: Application;
  readonly method: ClientAuthentication;
}

export type AuthenticateClient = (
  form: URLSearchParams,
  authorization: string | undefined,
) => Promise<AuthenticatedClient>;

interface Presented {
  readonly clientId: string | undefined;
  readonly secret: string | undefined;
  readonly assertion: string | undefined;
}

/** RFC 6749 section 2.3.1: both parts of the Basic scheme are form-encoded. */
function readPresented(form: URLSearchParams, authorization: string | undefined): Presented {
  const basic = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) {
    return {
      clientId: form.get('client_id') ?? undefined,
      secret: form.get('client_secret') ?? undefined,
      assertion: form.get('client_assertion') ?? undefined,
    };
  }
  const [clientId = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
  const decode = (part: string) => new URLSearchParams(`part=${part}`).get('part') ?? '';
  return { clientId: decode(clientId), secret: decode(secret), assertion: undefined };
}

function decodeAssertion(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new EntraRefusal('assertionSignature');
  }
}

/** RFC 7523 section 3, with the records of federated credentials in place of the client's own keys. */
async function verifyAssertion(
  assertion: string,
  candidates: readonly FederatedCredential[],
  keysOf: (jwksUri: string) => JWTVerifyGetKey,
): Promise<void> {
  const { iss = '', sub = '', aud = '' } = decodeAssertion(assertion);
  const ofIssuer = candidates.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) throw new EntraRefusal('assertionIssuer', iss);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.length === 0) throw new EntraRefusal('assertionSubject', sub);
  const credential = ofSubject.find(({ audience }) => [aud].flat().includes(audience));
  if (credential === undefined) throw new EntraRefusal('assertionAudience', String(aud));
  try {
    await jwtVerify(assertion, keysOf(credential.jwksUri), {
      algorithms: ['RS256'],
      requiredClaims: ['exp'],
    });
  } catch (error) {
    throw new EntraRefusal(
      error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed
        ? 'assertionExpired'
        : 'assertionSignature',
    );
  }
}

/** Checks who calls the token endpoint: by `client_secret_post`, `client_secret_basic`, federated assertion or none. */
export function createClientAuthentication(credentials: readonly FederatedCredential[]): AuthenticateClient {
  const keySets = new Map<string, JWTVerifyGetKey>();

  function keysOf(jwksUri: string): JWTVerifyGetKey {
    const known = keySets.get(jwksUri) ?? createRemoteJWKSet(new URL(jwksUri));
    keySets.set(jwksUri, known);
    return known;
  }

  return async function authenticateClient(form, authorization) {
    const { clientId, secret, assertion } = readPresented(form, authorization);
    if (clientId === undefined) throw new EntraRefusal('parameterMissing', 'client_id');
    const app = findApplication(clientId);
    if (app === undefined) throw new EntraRefusal('applicationUnknown', clientId);
    if (app.secret === undefined) {
      if (secret !== undefined || assertion !== undefined) throw new EntraRefusal('credentialUnexpected');
      return { app, method: '0' };
    }
    if (assertion !== undefined) {
      await verifyAssertion(
        assertion,
        credentials.filter((credential) => credential.clientId === app.id),
        keysOf,
      );
      return { app, method: '2' };
    }
    if (secret === undefined) throw new EntraRefusal('credentialMissing');
    if (secret !== app.secret) throw new EntraRefusal('secretWrong', app.id);
    return { app, method: '1' };
  };
}
