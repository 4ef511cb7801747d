import type { TokenCredential } from '@azure/identity';
import { serveFetch } from '../../dev/host.ts';
import { createRestApi, type RestApi } from '../../scripts/azd/rest-api.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** What an Azure REST API answers: a status and, unless it is empty, JSON. */
export type Answer = readonly [status: number, body?: object];

export interface FakeApi {
  readonly url: string;
  readonly api: RestApi;
  readonly calls: ApiCall[];
  stop(): Promise<void>;
}

export const token = 'deployer-token';

/** Somebody who is signed in. */
export const deployer: TokenCredential = {
  getToken: () => Promise.resolve({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
};

/** A server that answers as Azure Resource Manager or Microsoft Graph does, and remembers what it was asked. */
export async function startApi(answer: (call: ApiCall) => Answer): Promise<FakeApi> {
  const calls: ApiCall[] = [];
  async function handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const call = {
      method: request.method,
      path: decodeURIComponent(pathname),
      query: search,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      authorization: request.headers.get('authorization') ?? undefined,
    };
    calls.push(call);
    const [status, json] = answer(call);
    return json === undefined ? new Response(null, { status }) : Response.json(json, { status });
  }
  const { url, stop } = await serveFetch(handle, { port: 0 });
  return { url, api: createRestApi(url, deployer), calls, stop };
}
