import { z } from 'zod';
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
