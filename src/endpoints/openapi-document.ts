import * as z from 'zod';
import type { DocumentedEndpoint, Method } from '../http/endpoint.ts';
import type { ServerIdentity } from '../mcp/context.ts';
import type { Tool } from '../mcp/tool.ts';
import { describeRefusals, refusalSchemas } from './openapi-refusals.ts';

export interface OpenApiSource {
  /** An origin. */
  readonly publicBaseUrl: string;
  readonly identity: Pick<ServerIdentity, 'title' | 'version'>;
  readonly tools: readonly Tool[];
  readonly endpoints: readonly DocumentedEndpoint[];
}

type Schemas = Record<string, object>;

const tags = {
  token: { name: 'With an access token' },
  open: { name: 'Open to all' },
  pages: { name: 'Pages', description: 'For people, and the files that these pages load.' },
} as const;

function tagOf({ access, errors, docs }: DocumentedEndpoint): string {
  if (access === 'bearer') return tags.token.name;
  if (errors === 'page') return tags.pages.name;
  return docs.responses[200]?.mediaType === undefined ? tags.open.name : tags.pages.name;
}

/** Adds a schema under a name; its references to itself are made to start at its place in the document. */
function addSchema(schemas: Schemas, name: string, schema: object): { $ref: string } {
  const place = `#/components/schemas/${name}`;
  schemas[name] = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.startsWith('#') ? place + value.slice(1) : value,
  ) as object;
  return { $ref: place };
}

function describeResponses(endpoint: DocumentedEndpoint, schemas: Schemas): Record<string, object> {
  const responses = Object.entries(endpoint.docs.responses).map(([status, response]) => {
    const { description, schema, mediaType = 'application/json' } = response;
    if (schema === undefined && response.mediaType === undefined) return [status, { description }] as const;
    const name = `${endpoint.name}.response.${status}`;
    const media =
      schema === undefined
        ? {}
        : { schema: addSchema(schemas, name, z.toJSONSchema(schema, { io: 'output' })) };
    return [status, { description, content: { [mediaType]: media } }] as const;
  });
  return { ...describeRefusals(endpoint), ...Object.fromEntries(responses) };
}

function describeRequest({ name, docs }: DocumentedEndpoint, schemas: Schemas): object | undefined {
  if (docs.request === undefined) return undefined;
  const { schema, example, mediaType = 'application/json' } = docs.request;
  const reference = addSchema(schemas, `${name}.request`, z.toJSONSchema(schema, { io: 'input' }));
  return { required: true, content: { [mediaType]: { schema: reference, example } } };
}

function describeQuery({ query }: DocumentedEndpoint['docs']): object[] | undefined {
  if (query === undefined) return undefined;
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema };
  });
}

function describeOperation(endpoint: DocumentedEndpoint, method: Method, schemas: Schemas): object {
  const { name, access, docs } = endpoint;
  return {
    operationId: `${method.toLowerCase()}-${name}`,
    tags: [tagOf(endpoint)],
    summary: docs.summary,
    description: docs.description,
    security: access === 'bearer' ? [{ bearer: [] }] : [],
    parameters: method === 'GET' ? describeQuery(docs) : undefined,
    requestBody: method === 'POST' ? describeRequest(endpoint, schemas) : undefined,
    responses: describeResponses(endpoint, schemas),
  };
}

function describePaths(endpoints: readonly DocumentedEndpoint[], schemas: Schemas): Record<string, object> {
  return Object.fromEntries(
    endpoints.map((endpoint) => {
      const operations = endpoint.methods.map((method) => [
        method.toLowerCase(),
        describeOperation(endpoint, method, schemas),
      ]);
      return [endpoint.path, Object.fromEntries(operations) as object];
    }),
  );
}

/**
 * OpenAPI 3.1 of this server, from what its endpoints and tools work with. HEAD and OPTIONS, which the guard answers
 * everywhere, are left out. Members that are `undefined` are meant to vanish as the document becomes JSON.
 */
export function createOpenApiDocument({ publicBaseUrl, identity, tools, endpoints }: OpenApiSource): object {
  const schemas: Schemas = {};
  for (const [form, schema] of Object.entries(refusalSchemas)) {
    addSchema(schemas, `error.${form}`, z.toJSONSchema(schema));
  }
  const paths = describePaths(endpoints, schemas);
  for (const { name, wire } of tools) {
    addSchema(schemas, `tool.${name}.input`, wire.inputSchema);
    if (wire.outputSchema !== undefined) addSchema(schemas, `tool.${name}.output`, wire.outputSchema);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: identity.title,
      version: identity.version,
      description:
        'Tools are called over MCP, by `POST /mcp` with the method `tools/call`; ' +
        'the schemas `tool.<name>.input` and `tool.<name>.output` say with what and what for.',
    },
    servers: [{ url: publicBaseUrl }],
    tags: Object.values(tags),
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'An access token for this API. `GET /.well-known/oauth-protected-resource` names who issues it and the scopes to ask for.',
        },
      },
    },
  };
}
