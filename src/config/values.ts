import * as z from 'zod';
import { isLoopback } from '../loopback.ts';

export const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Entra's shared endpoints: tokens of many tenants, so the accepted ones must be listed. */
export const sharedTenants = ['organizations', 'common'] as const;

export const flag = z
  .enum(['true', 'false'], 'must be "true" or "false"')
  .transform((value) => value === 'true');

/** Comma-separated values; blanks around them and empty ones are dropped, repetitions too. */
export function list(item: z.ZodType<string, string>) {
  return z
    .string()
    .transform((value) => [
      ...new Set(
        value
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== ''),
      ),
    ])
    .pipe(z.array(item));
}

/** An absolute URL that is https, or http on this machine only. Without a trailing slash. */
export const secureUrl = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    // URL drops blanks inside a value, so that what is used would not be what is read.
    if (url === null || /\s/.test(value)) return false;
    if (url.username + url.password + url.search + url.hash !== '') return false;
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
  }, 'must be an https URL (http only for localhost) without user, query or fragment')
  .transform((value) => value.replace(/\/+$/, ''));

/** For what a token is sent to. */
export const httpsUrl = secureUrl.refine(
  (value) => value.startsWith('https:'),
  'must be https: a token is sent to it',
);

/** Scheme, host and port, as a browser writes them in `Origin`. */
export const origin = secureUrl
  .refine(
    (value) => URL.parse(value)?.pathname === '/',
    'must be an origin: scheme, host and port, without a path',
  )
  .transform((value) => new URL(value).origin);

export const guidValue = z.string().regex(guid, 'must be a GUID').toLowerCase();

export const audience = z
  .string()
  .regex(
    /^([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|(api|https):\/\/[\x21-\x7e]+)$/i,
    'must be GUIDs, api:// or https:// URIs',
  );

export const scopeName = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be scope names (the value of scp, without api://…)');

/** A storage account's, or the short form for Azurite with its usual ports. */
export const connectionString = z
  .string()
  .regex(
    /^UseDevelopmentStorage=true;?$|(^|;)AccountName=[^;]+;.*AccountKey=[^;]+/i,
    'must be a storage connection string',
  );

/** A whole number within bounds. */
export function wholeNumber({ min, max, otherwise }: { min: number; max: number; otherwise: number }) {
  return z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .default(otherwise);
}

/** A redirect URI; at the end of its path a `*` stands for any ending. */
export const redirectUriPattern = z.string().refine((value) => {
  const url = URL.parse(value);
  if (url === null || /\s/.test(value)) return false;
  // Beyond host and query, so that it can never stand for another host.
  return (
    !value.includes('*') ||
    (/^[^*?#]+\/[^*?#]*\*$/.test(value) && url.pathname.endsWith('*') && url.host !== '')
  );
}, 'must be absolute URIs, with `*` at the end of a path at most');

/** Parameters that decide what the sign-in is: the proxy sets these itself. */
const ownParameters = [
  'client_id',
  'client_assertion',
  'client_assertion_type',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
];

/** A query string. */
export const extraParameters = z
  .string()
  .transform((value) => Object.fromEntries(new URLSearchParams(value)))
  .refine(
    (parameters) => !Object.keys(parameters).some((name) => ownParameters.includes(name)),
    `must not set what the proxy sets itself (${ownParameters.join(', ')})`,
  );

/** The client that this server's own sign-in page is: nobody is asked whether it may have what they may have. */
export const ownClientId = 'sign-in-page';

const preregisteredClient = z.object({
  client_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/)
    .refine((id) => id !== ownClientId),
  client_name: z.string().min(1).max(100).optional(),
  client_uri: z.url().optional(),
  redirect_uris: z.array(z.string()).min(1).max(50),
  grant_types: z.array(z.string()).optional(),
  token_endpoint_auth_method: z.enum(['none', 'private_key_jwt']).default('none'),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  jwks_uri: z.url({ protocol: /^https$/ }).optional(),
  client_secret: z.never().optional(),
});

/** Client metadata (RFC 7591 section 2) of a client that the operator knows. */
export type PreregisteredClient = z.infer<typeof preregisteredClient>;

function parseJson(value: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a JSON array of client metadata' });
    return z.NEVER;
  }
}

/** A JSON array of client metadata. A secret has no place in it: whoever reads the settings would have it. */
export const preregisteredClients = z
  .string()
  .transform(parseJson)
  .pipe(
    z.array(
      preregisteredClient,
      'must be a JSON array of client metadata with client_id and redirect_uris, without secrets',
    ),
  );
