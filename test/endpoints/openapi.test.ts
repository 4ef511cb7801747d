import { beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { refusalSchemas } from '../../src/endpoints/openapi-refusals.ts';
import { createOpenApiEndpoint } from '../../src/endpoints/openapi.ts';
import { tools } from '../../src/mcp/tools/index.ts';
import { guardForTest } from '../support/guarded.ts';
import { createSiteEndpoints, siteIdentity } from '../support/site.ts';

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> };
  readonly responses: Record<
    string,
    {
      readonly description: string;
      readonly headers?: Record<string, object>;
      readonly content?: Record<string, { readonly schema?: { readonly $ref: string } }>;
    }
  >;
}

interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly object[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Record<string, unknown>> };
}

const endpoints = createSiteEndpoints();

function guardPath(path: string) {
  const endpoint = endpoints.find((candidate) => candidate.path === path);
  if (endpoint === undefined) throw new Error(`no endpoint at ${path}`);
  return guardForTest(endpoint);
}

let document: OpenApiDocument;
beforeAll(async () => {
  const response = await guardPath('/openapi.json').send();
  expect(response.headers.get('content-type')).toBe('application/json');
  document = (await response.json()) as OpenApiDocument;
});

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 by its schema, and every reference in it leads somewhere', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...document })).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]*)"/g)].map(
      ([, path = '']) => path,
    );
    const lost = references.filter((path) => {
      let place: unknown = document;
      for (const step of path.split('/').slice(1))
        place = (place as Record<string, unknown> | undefined)?.[step];
      return place === undefined;
    });
    expect(references.length).toBeGreaterThan(20);
    expect(lost).toEqual([]);
  });

  it('says which server this is, by the configured URL', () => {
    expect(document).toMatchObject({
      info: { title: siteIdentity.title, version: siteIdentity.version },
      servers: [{ url: 'http://mcp.test' }],
    });
  });

  it('has every endpoint with its methods, and no other', () => {
    const documented = Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item)]);
    expect(documented).toEqual(
      endpoints.map(({ path, methods }) => [path, methods.map((method) => method.toLowerCase())]),
    );
  });

  it('has the schemas of every tool as tools/list gives them', async () => {
    const response = await guardPath('/mcp').send({
      method: 'POST',
      headers: {
        Authorization: 'Bearer good',
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    const { result } = (await response.json()) as {
      result: { tools: { name: string; inputSchema: object; outputSchema?: object }[] };
    };
    const listed = result.tools.flatMap(({ name, inputSchema, outputSchema }) => [
      [`tool.${name}.input`, inputSchema],
      ...(outputSchema === undefined ? [] : [[`tool.${name}.output`, outputSchema]]),
    ]);
    expect(listed.length).toBeGreaterThanOrEqual(tools.length);
    const documented = Object.entries(document.components.schemas);
    expect(documented.filter(([name]) => name.startsWith('tool.'))).toEqual(listed);
  });

  it('has the schemas that endpoints work with, a recursive one referring to its own place', () => {
    expect(document.paths['/echo']?.post?.requestBody?.content['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/echo.request',
    });
    expect(document.components.schemas['echo.request']).toMatchObject({
      anyOf: expect.arrayContaining([
        { type: 'array', items: { $ref: '#/components/schemas/echo.request' } },
      ]),
    });
  });

  it('asks for a token exactly where the guard does', () => {
    const secured = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.values(item).flatMap(({ security }) => (security.length > 0 ? [path] : [])),
    );
    expect(secured).toEqual(
      endpoints.filter(({ access }) => access === 'bearer').map((endpoint) => endpoint.path),
    );
  });

  it('is made at the first request and kept', async () => {
    let asked = 0;
    const { send } = guardForTest(
      createOpenApiEndpoint({
        publicBaseUrl: 'https://mcp.example.com',
        identity: siteIdentity,
        tools: [],
        endpoints: () => {
          asked += 1;
          return Promise.resolve([]);
        },
      }),
    );
    expect(asked).toBe(0);
    expect(await (await send()).text()).toBe(await (await send()).text());
    expect(asked).toBe(1);
  });
});

function readCode(body: unknown, form: string | undefined): string {
  return form === 'json-rpc'
    ? refusalSchemas['json-rpc'].strict().parse(body).error.data.code
    : refusalSchemas.json.strict().parse(body).code;
}

describe('refusals in the document', () => {
  const token = { Authorization: 'Bearer good' };
  const json = { 'Content-Type': 'application/json' };
  const refused: readonly [string, string, RequestInit, number][] = [
    ['a bad token', '/me', { headers: { Authorization: 'Bearer bad' } }, 401],
    ['a foreign origin', '/me', { headers: { ...token, Origin: 'https://evil.example' } }, 403],
    ['a foreign origin', '/', { headers: { Origin: 'https://evil.example' } }, 403],
    ['bad JSON', '/echo', { method: 'POST', headers: { ...token, ...json }, body: '{' }, 400],
    ['no JSON', '/echo', { method: 'POST', headers: token, body: '{}' }, 415],
    [
      'a large body',
      '/echo',
      { method: 'POST', headers: { ...token, ...json }, body: ' '.repeat(2_000) },
      413,
    ],
    ['bad JSON', '/mcp', { method: 'POST', headers: { ...token, ...json }, body: '{' }, 400],
    [
      'a large body',
      '/mcp',
      { method: 'POST', headers: { ...token, ...json }, body: ' '.repeat(2_000) },
      413,
    ],
    ['a bad token', '/mcp', { method: 'POST', headers: { Authorization: 'Bearer bad' } }, 401],
  ];

  it.each(refused)('tells of %s at %s as the guard answers it', async (_case, path, init, status) => {
    const response = await guardPath(path).send(init);
    expect(response.status).toBe(status);
    const operation = Object.values(document.paths[path] ?? {})[0];
    const documented = operation?.responses[String(status)];
    const body: unknown = await response.json();
    const form = documented?.content?.['application/json']?.schema?.$ref.split('error.')[1];
    expect(documented?.description).toContain(`\`${readCode(body, form)}\``);
  });

  it('are 401, 403, 429 and 503 with their headers wherever a token is asked for', () => {
    const responses = document.paths['/me']?.get?.responses ?? {};
    expect(Object.keys(responses)).toEqual(['200', '401', '403', '429', '500', '503']);
    expect(responses['401']?.headers).toHaveProperty('WWW-Authenticate');
    expect(responses['403']?.headers).toHaveProperty('WWW-Authenticate');
    expect(responses['503']?.headers).toHaveProperty('Retry-After');
  });

  it('keep angle brackets of their messages, which are written for people', () => {
    expect(document.paths['/me']?.get?.responses['401']?.description).toContain('Bearer \\<access token>');
  });

  it('leave an endpoint’s own word on a status alone', () => {
    expect(document.paths['/health']?.get?.responses['503']?.description).toBe('At least one does not');
  });
});
