/** An HTTP answer that is no success, as far as one line can tell it. */
export interface Refusal {
  readonly url: string;
  readonly status: number;
  /** `WWW-Authenticate`. */
  readonly challenge: string | null;
  readonly body: string;
}

const maxBodyLength = 300;

export async function readRefusal(url: string, response: Response): Promise<Refusal> {
  const body = await response.text().catch(() => '');
  return {
    url,
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    body: body.slice(0, maxBodyLength),
  };
}

function guessCause({ status, challenge }: Refusal): string {
  const described = /error_description="((?:[^"\\]|\\.)*)"/.exec(challenge ?? '')?.[1];
  if (described !== undefined) return described;
  if (challenge === null) {
    return 'it was refused before it reached the server: App Service authentication, a gateway or a network rule';
  }
  if (status === 401 && !challenge.includes('error=')) {
    return 'no bearer token arrived: something on the way removes the Authorization header';
  }
  return 'the token does not fit this server';
}

/** Status, URL, challenge and likely cause, in one line. */
export function describeRefusal(refusal: Refusal): string {
  const { url, status, challenge, body } = refusal;
  if (status !== 401 && status !== 403) return `${status} from ${url}: ${body}`;
  return `${status} from ${url}: ${challenge ?? 'no challenge'}; likely cause: ${guessCause(refusal)}`;
}
