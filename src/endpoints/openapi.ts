import * as z from 'zod';
import type { DocumentedEndpoint, PublicEndpoint } from '../http/endpoint.ts';
import { createOpenApiDocument, type OpenApiSource } from './openapi-document.ts';
import { pageRoutes } from './routes.ts';

export interface OpenApiOptions extends Omit<OpenApiSource, 'endpoints'> {
  /** Every endpoint, this one included; asked for at the first request. */
  readonly endpoints: () => Promise<readonly DocumentedEndpoint[]>;
}

/** `/openapi.json`: this server's routes and tools as an OpenAPI 3.1 document, made once. */
export function createOpenApiEndpoint({ endpoints, ...source }: OpenApiOptions): PublicEndpoint {
  let document: string | undefined;
  return {
    ...pageRoutes.openapi,
    docs: {
      summary: 'This document',
      responses: {
        200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) },
      },
    },
    async handle() {
      document ??= JSON.stringify(createOpenApiDocument({ ...source, endpoints: await endpoints() }));
      return new Response(document, {
        headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
      });
    },
  };
}
