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

/** The provider's own document, without what is switched off or narrowed here. */
export function describeServer(document: unknown, scopes: readonly string[]): ServerMetadata {
  const given = z.looseObject({ issuer: z.string() }).parse(document);
  return serverMetadataSchema.parse({
    ...given,
    scopes_supported: [...scopes],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    revocation_endpoint_auth_methods_supported: given.token_endpoint_auth_methods_supported,
    revocation_endpoint_auth_signing_alg_values_supported:
      given.token_endpoint_auth_signing_alg_values_supported,
    service_documentation: `${given.issuer}/`,
  });
}
