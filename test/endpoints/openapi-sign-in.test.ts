import { beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createApp } from '../../src/app.ts';
import { createProxyEnvironment } from '../support/server.ts';

interface Operation {
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, object> };
  readonly responses: Record<string, { readonly description: string; readonly content?: object }>;
}

const { routes } = createApp(createProxyEnvironment(), { sink: () => undefined });
let document: { readonly paths: Record<string, Record<string, Operation>> };
beforeAll(async () => {
  const route = routes.find(({ path }) => path === '/openapi.json');
  const response = await route?.handle(new Request('http://localhost:7071/openapi.json'));
  document = (await response?.json()) as typeof document;
});

function find(method: string, path: string): Operation {
  const operation = document.paths[path]?.[method];
  if (operation === undefined) throw new Error(`the document lacks ${method} ${path}`);
  return operation;
}

describe('the OpenAPI document of a server that signs people in', () => {
  it('is OpenAPI 3.1 by its schema', async () => {
    expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
  });

  it('has every route, those whose code is loaded late too', () => {
    expect(Object.keys(document.paths)).toEqual(routes.map(({ path }) => path));
  });

  it.each([
    ['get', '/auth/authorize'],
    ['get', '/auth/consent'],
    ['post', '/auth/consent'],
    ['get', '/auth/callback'],
    ['get', '/auth/login'],
    ['post', '/auth/logout'],
  ])('has %s %s among the pages, its refusals pages too', (method, path) => {
    const { tags, responses } = find(method, path);
    expect(tags).toEqual(['Pages']);
    const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    expect(refusals.length).toBeGreaterThan(0);
    for (const [, { content }] of refusals) expect(content).toEqual({ 'text/html': {} });
  });

  it('tells what each of them refuses, and nothing that it cannot come to', () => {
    const codesOf = (method: string, path: string) =>
      Object.values(find(method, path).responses).flatMap(({ description }) =>
        [...description.matchAll(/^- `(\w+)`/gm)].map(([, code]) => code),
      );
    expect(codesOf('get', '/auth/callback').sort()).toEqual([
      'host_not_allowed',
      'internal_error',
      'misconfigured',
      'overloaded',
      'sign_in_expired',
      'too_many_calls',
      'wrong_browser',
    ]);
    expect(codesOf('post', '/auth/consent')).toEqual(
      expect.arrayContaining(['form_not_ours', 'sign_in_expired', 'origin_not_allowed', 'body_too_large']),
    );
    expect(codesOf('post', '/auth/consent')).not.toContain('unsupported_media_type');
    const echo = codesOf('post', '/echo');
    expect(
      echo.filter((code) => ['wrong_browser', 'form_not_ours', 'sign_in_expired'].includes(code ?? '')),
    ).toEqual([]);
  });

  it('has the parameters of a query, and forms as forms', () => {
    const required = find('get', '/auth/authorize').parameters?.filter((parameter) => parameter.required);
    expect(required?.map(({ name }) => name)).toEqual([
      'response_type',
      'client_id',
      'redirect_uri',
      'code_challenge',
      'code_challenge_method',
    ]);
    expect(find('post', '/auth/consent').parameters).toBeUndefined();
    expect(Object.keys(find('post', '/auth/consent').requestBody?.content ?? {})).toEqual([
      'application/x-www-form-urlencoded',
    ]);
  });
});
