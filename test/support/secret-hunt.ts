import type { Exchange } from './balancer.ts';

/** Values that nobody may find where they do not belong, each with where it was seen. */
export interface SecretHunt {
  readonly seen: ReadonlyMap<string, string>;
  add(where: string, value: string | undefined): void;
  /** Everything secret in an exchange with the server. */
  readExchange(exchange: Exchange): void;
  /** Where those were seen that a text holds, in whatever form. */
  findIn(text: string): readonly string[];
}

/** Shorter ones would be found by chance. */
const minLength = 12;
const secretNames = [
  'access_token',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'form',
  'id_token',
  'nonce',
  'refresh_token',
  'registration_access_token',
  'state',
  'token',
];
const jwtPattern = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** What of a value lasts in base64url, wherever in a longer text it begins. */
function encodeAnywhere(value: string): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('x'.repeat(offset) + value).toString('base64url');
    const whole = Math.floor(((offset + Buffer.byteLength(value)) * 8) / 6);
    return encoded.slice(Math.ceil((offset * 8) / 6), whole);
  });
}

/** A value as it is, in a URL, in JSON, in base64 or hexadecimal; the `+` and `/` of base64 as `-` and `_`. */
export function spell(value: string): readonly string[] {
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('hex'),
    ...encodeAnywhere(value),
  ].map(normalize);
}

function normalize(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

/** The parts of a token that are of use alone: a JWT's header is not, and is in other tokens too. */
function divide(value: string): readonly string[] {
  const parts = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value.split('.').slice(-2) : [];
  const half = Math.floor(value.length / 2);
  const halves = value.length >= 40 && parts.length === 0 ? [value.slice(0, half), value.slice(half)] : [];
  return [value, ...parts, ...halves];
}

export function createSecretHunt(): SecretHunt {
  const seen = new Map<string, string>();

  function add(where: string, value: string | undefined): void {
    for (const part of value === undefined ? [] : divide(value)) {
      if (part.length >= minLength && !seen.has(part)) seen.set(part, where);
    }
  }

  function addParameters(where: string, parameters: URLSearchParams): void {
    for (const name of secretNames)
      for (const value of parameters.getAll(name)) add(`${name} ${where}`, value);
  }

  /** A cookie, and the value in one that is signed and not hidden: `{value}.{key}.{MAC}`. */
  function addCookie(pair: string): void {
    const [, name = '', value = ''] = /^\s*([^=]+)=([^;]*)/.exec(pair) ?? [];
    add(`cookie ${name}`, decodeURIComponent(value));
    const [, signed = ''] = /^([\w-]+)\.[\w-]+\.[\w-]+$/.exec(value) ?? [];
    for (const part of Buffer.from(signed, 'base64url').toString().split('.')) add(`inside ${name}`, part);
  }

  function readJson(where: string, text: string): void {
    try {
      const body = JSON.parse(text) as Record<string, unknown>;
      // `code` is the name of a failure here, of the server's own errors.
      for (const name of secretNames.filter((other) => other !== 'code')) {
        if (typeof body[name] === 'string') add(`${name} ${where}`, body[name]);
      }
    } catch {
      // A page.
    }
  }

  return {
    seen,
    add,
    readExchange({ url, requestHeaders, requestBody, answerHeaders, answerBody }) {
      addParameters('in a query', url.searchParams);
      addParameters('in a form', new URLSearchParams(requestBody));
      const { location } = answerHeaders;
      if (location !== undefined) addParameters('in a redirect', new URL(location, url).searchParams);
      add('bearer', requestHeaders.authorization?.replace(/^Bearer /, ''));
      for (const pair of requestHeaders.cookie?.split(';') ?? []) addCookie(pair);
      for (const line of answerHeaders['set-cookie'] ?? []) addCookie(line);
      readJson('in an answer', answerBody);
      for (const [, value] of answerBody.matchAll(/name="form" value="([^"]+)"/g))
        add('form in a page', value);
      for (const [token] of answerBody.matchAll(jwtPattern)) add('JWT in an answer', token);
    },
    findIn(text) {
      const haystack = normalize(text);
      const found = [...seen].filter(([value]) => spell(value).some((form) => haystack.includes(form)));
      return [...new Set(found.map(([, where]) => where))];
    },
  };
}
