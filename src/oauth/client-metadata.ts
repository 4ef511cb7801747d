import * as z from 'zod';
import { AppError } from '../errors.ts';
import {
  checkUriSyntax,
  checkSafeRedirect,
  checkRedirectUri,
  type ApplicationType,
} from './redirect-uris.ts';

const keySchema = z.looseObject({ kty: z.string() });

/** How a client became known: it registered (RFC 7591), its id is the URL of its metadata document, or the operator listed it. */
export type ClientSource = 'registered' | 'document' | 'listed';

export interface ClientPolicy {
  /** OAUTH_ALLOWED_REDIRECT_URIS. */
  readonly allowed: readonly string[];
  /** This server's own origin: nobody may be sent back to pages of this server as if they were a client's. */
  readonly ownOrigin: string;
}

/** Client metadata (RFC 7591 section 2) as it is in force: every member says what this server does. */
export interface ClientMetadata {
  /** At most 100 characters, in one line, without characters that change the direction of text. Not HTML-safe. */
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly redirect_uris: readonly string[];
  readonly application_type: ApplicationType;
  readonly grant_types: readonly ('authorization_code' | 'refresh_token')[];
  readonly response_types: readonly ['code'];
  readonly token_endpoint_auth_method: 'none' | 'private_key_jwt';
  readonly jwks?: { readonly keys: z.infer<typeof keySchema>[] };
  readonly jwks_uri?: string;
}

/** Of a client that brings its id; those that register are given one. */
export interface KnownClientMetadata extends ClientMetadata {
  readonly client_id: string;
}

const maxNameLength = 100;
const maxRedirectUris: Readonly<Record<ClientSource, number>> = { registered: 10, document: 50, listed: 50 };

/** What is in it besides is not read: `scope`, `logo_uri`, `contacts`, `software_statement`, whatever else there is. */
const metadataSchema = z.object({
  client_id: z.string().min(1).max(2_000).optional(),
  client_name: z.string().optional().catch(undefined),
  client_uri: z.string().optional().catch(undefined),
  redirect_uris: z.array(z.string()).default([]),
  application_type: z.string().optional().catch(undefined),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
  token_endpoint_auth_method: z.string().optional(),
  jwks: z.object({ keys: z.array(keySchema).min(1).max(20) }).optional(),
  jwks_uri: z.string().optional(),
  client_secret: z.unknown().optional(),
});
type GivenMetadata = z.infer<typeof metadataSchema>;

function refuse(detail: string, code: 'invalid_client_metadata' | 'invalid_redirect_uri'): never {
  throw new AppError(code, { detail });
}

function readMetadata(input: unknown): GivenMetadata {
  // Serializers write what is absent as null.
  const present =
    typeof input === 'object' && input !== null && !Array.isArray(input)
      ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
      : input;
  const parsed = metadataSchema.safeParse(present);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(
    `${issue?.path[0]?.toString() ?? 'the metadata'}: ${issue?.message ?? 'not valid'}`,
    issue?.path[0] === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata',
  );
}

/** A name for a page: on one line, and reading in the direction of the page. */
function readName(name: string | undefined, source: ClientSource): string | undefined {
  if (name === undefined) return undefined;
  const oneLine = name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    // Invisible, turning the direction of what follows, or without a meaning.
    .replace(/\p{C}/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(oneLine);
  if (characters.length > maxNameLength && source === 'registered') {
    refuse(`client_name is longer than ${maxNameLength} characters`, 'invalid_client_metadata');
  }
  // Nobody at the other end could shorten the name in a document while a person waits.
  const shortened = characters.slice(0, maxNameLength).join('').trim();
  return shortened === '' ? undefined : shortened;
}

function isHttps(uri: string): boolean {
  return checkUriSyntax(uri) === undefined && uri.startsWith('https://');
}

function checkForeign(uri: string, { ownOrigin }: ClientPolicy): string | undefined {
  return new URL(uri).origin === ownOrigin ? "is this server's own" : undefined;
}

/**
 * The redirect URIs that the client may use. What is not safe is refused with all that came with it. So is what the
 * operator does not allow, except in a document: one document serves every server, so it names more than one allows.
 */
function readRedirectUris(
  given: GivenMetadata,
  source: ClientSource,
  policy: ClientPolicy,
): readonly string[] {
  const uris = [...new Set(given.redirect_uris)];
  if (uris.length === 0) refuse('redirect_uris is missing or empty', 'invalid_redirect_uri');
  if (uris.length > maxRedirectUris[source]) {
    refuse(`redirect_uris has more than ${maxRedirectUris[source]} members`, 'invalid_client_metadata');
  }
  const options = { applicationType: readApplicationType(given), allowed: policy.allowed };
  const faults = new Map<string, string>();
  for (const [index, uri] of uris.entries()) {
    const unsafe = checkSafeRedirect(uri) ?? checkForeign(uri, policy);
    if (unsafe !== undefined) refuse(`redirect_uris[${index}] ${unsafe}`, 'invalid_redirect_uri');
    const fault = checkRedirectUri(uri, options);
    if (fault !== undefined) faults.set(uri, `redirect_uris[${index}] ${fault}`);
  }
  const usable = uris.filter((uri) => !faults.has(uri));
  const [fault] = faults.values();
  if (fault !== undefined && (source !== 'document' || usable.length === 0))
    refuse(fault, 'invalid_redirect_uri');
  return usable;
}

/** `native` unless the client says `web`: that alone lets the port of a loopback redirect vary. https is the same in both. */
function readApplicationType({ application_type: type }: GivenMetadata): ApplicationType {
  return type === 'web' ? 'web' : 'native';
}

/**
 * Those of the client's grant types that exist here. A client that names none gets both (RFC 7591 section 2 would give
 * it the code alone, and its person a sign-in every hour; section 3.2.1 lets the server decide); one that names the code
 * alone does not want refresh tokens.
 */
function readGrantTypes({ grant_types: asked }: GivenMetadata): ClientMetadata['grant_types'] {
  const supported = ['authorization_code', 'refresh_token'] as const;
  if (asked !== undefined && !asked.includes('authorization_code')) {
    refuse('grant_types lacks authorization_code', 'invalid_client_metadata');
  }
  return supported.filter((type) => asked?.includes(type) ?? true);
}

/** Members of a JSON Web Key that are secret (RFC 7518 section 6, and `priv` of the key type AKP). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function refuseSecrets({ client_secret: secret, jwks }: GivenMetadata): void {
  if (secret !== undefined) refuse('there is a client_secret in it', 'invalid_client_metadata');
  if (jwks?.keys.some((key) => secretMembers.some((member) => member in key))) {
    refuse('there is a private key in jwks', 'invalid_client_metadata');
  }
}

type Authentication = Pick<ClientMetadata, 'token_endpoint_auth_method' | 'jwks' | 'jwks_uri'>;

/**
 * How the client is told from others at the token endpoint. Whoever registers is a public client, whatever it asked for,
 * and reads so in the answer (RFC 7591 section 3.2.1); a document's owner reads no answer, so what it asks for is given
 * or refused.
 */
function readAuthentication(given: GivenMetadata, source: ClientSource): Authentication {
  if (source === 'registered') return { token_endpoint_auth_method: 'none' };
  refuseSecrets(given);
  const { token_endpoint_auth_method: method = 'none', jwks, jwks_uri } = given;
  if (method === 'none') return { token_endpoint_auth_method: 'none' };
  if (method !== 'private_key_jwt') {
    refuse('token_endpoint_auth_method is neither none nor private_key_jwt', 'invalid_client_metadata');
  }
  if ((jwks === undefined) === (jwks_uri === undefined)) {
    refuse('private_key_jwt needs jwks or jwks_uri, one of them', 'invalid_client_metadata');
  }
  if (jwks_uri !== undefined && !isHttps(jwks_uri))
    refuse('jwks_uri is not https', 'invalid_client_metadata');
  return {
    token_endpoint_auth_method: method,
    ...(jwks !== undefined && { jwks }),
    ...(jwks_uri !== undefined && { jwks_uri }),
  };
}

/**
 * What a client says of itself, as oidc-provider is to have it: what is unsafe is refused, what is not understood is left
 * out, what is left to the server is decided. At most 10 redirect URIs and a name of 100 characters in a registration; 50
 * redirect URIs in a document or list, a longer name is cut there. Normalizing twice changes nothing.
 * @throws AppError `invalid_redirect_uri`, or `invalid_client_metadata` for all else; the detail names the member
 */
export function normalizeClientMetadata(
  input: unknown,
  source: 'document' | 'listed',
  policy: ClientPolicy,
): KnownClientMetadata;
export function normalizeClientMetadata(
  input: unknown,
  source: 'registered',
  policy: ClientPolicy,
): ClientMetadata;
export function normalizeClientMetadata(
  input: unknown,
  source: ClientSource,
  policy: ClientPolicy,
): ClientMetadata {
  const given = readMetadata(input);
  const { client_id: id, client_uri: uri, response_types: responseTypes } = given;
  if (source !== 'registered' && id === undefined) refuse('client_id is missing', 'invalid_client_metadata');
  if (responseTypes?.includes('code') === false)
    refuse('response_types lacks code', 'invalid_client_metadata');
  const name = readName(given.client_name, source);
  return {
    ...(source !== 'registered' && id !== undefined && { client_id: id }),
    ...(name !== undefined && { client_name: name }),
    ...(uri !== undefined && isHttps(uri) && { client_uri: uri }),
    redirect_uris: readRedirectUris(given, source, policy),
    application_type: readApplicationType(given),
    grant_types: readGrantTypes(given),
    response_types: ['code'],
    ...readAuthentication(given, source),
  };
}
