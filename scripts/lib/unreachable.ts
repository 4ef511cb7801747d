import { Failure } from '../../dev/failure.ts';
import { loopbackNames } from '../../src/loopback.ts';

/** Codes of Node for a certificate that nobody vouches for. */
const untrusted = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_/;

function findCode(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return error instanceof Error ? error.message : String(error);
}

function findHint(code: string, hostname: string): string {
  if (untrusted.test(code)) return ' (set NODE_EXTRA_CA_CERTS to the certificate that signs it)';
  const isLocal = loopbackNames.some((name) => name === hostname);
  return isLocal && code === 'ECONNREFUSED'
    ? ' (start it with "npm start"; after --no-host, with "func start")'
    : '';
}

/** `fetch`, with a Failure that names the URL and the reason where no answer comes. */
export async function reach(url: string | URL, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const code = findCode(error);
    const { origin, pathname, hostname } = new URL(url);
    throw new Failure(`${origin}${pathname} cannot be reached: ${code}${findHint(code, hostname)}`, {
      cause: error,
    });
  }
}
