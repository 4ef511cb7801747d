import * as z from 'zod';

/** RFC 8414 section 2 (and RFC 9207, RFC 7009, Client ID Metadata Documents): what of it this server does. */
export const serverMetadataSchema = z.object({
  issuer: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  registration_endpoint: z.url().optional(),
  revocation_endpoint: z.url(),
  jwks_uri: z.url(),
  scopes_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  response_modes_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  token_endpoint_auth_signing_alg_values_supported: z.array(z.string()).optional(),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_signing_alg_values_supported: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean(),
  client_id_metadata_document_supported: z.boolean().optional(),
  service_documentation: z.url(),
});

export type ServerMetadata = z.infer<typeof serverMetadataSchema>;

/** Members without which OpenID Connect Discovery has no document. */
export const openIdMembers = {
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
} as const;

/** What the provider is told to do, so that the metadata cannot say anything else. */
export const offer = {
  paths: {
    authorization: '/auth/authorize',
    jwks: '/.well-known/jwks.json',
    registration: '/auth/register',
    revocation: '/auth/revoke',
    token: '/auth/token',
  },
  responseTypes: ['code'],
  clientAuthentication: {
    methods: ['none', 'private_key_jwt'],
    /** Of assertions (RFC 7523): no shared keys. */
    algorithms: ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'],
  },
} as const;

export interface ServerMetadataOptions {
  readonly issuer: string;
  /** Short names. */
  readonly scopes: readonly string[];
  readonly registration: boolean;
  readonly metadataDocuments: boolean;
}

/**
 * The server's metadata, from its configuration alone: a client finds the way here whatever else is out, and without
 * waiting for the provider to be loaded.
 */
export function describeServer(options: ServerMetadataOptions): ServerMetadata {
  const { issuer, scopes, registration, metadataDocuments } = options;
  const { paths, responseTypes, clientAuthentication } = offer;
  const { methods, algorithms } = clientAuthentication;
  return {
    issuer,
    authorization_endpoint: issuer + paths.authorization,
    token_endpoint: issuer + paths.token,
    ...(registration && { registration_endpoint: issuer + paths.registration }),
    revocation_endpoint: issuer + paths.revocation,
    jwks_uri: issuer + paths.jwks,
    scopes_supported: [...scopes],
    response_types_supported: [...responseTypes],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: [...methods],
    token_endpoint_auth_signing_alg_values_supported: [...algorithms],
    revocation_endpoint_auth_methods_supported: [...methods],
    revocation_endpoint_auth_signing_alg_values_supported: [...algorithms],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...(metadataDocuments && { client_id_metadata_document_supported: true }),
    service_documentation: `${issuer}/`,
  };
}
