import * as z from 'zod';
import type { PublicEndpoint } from '../http/endpoint.ts';
import { createOpenApiDocument, type OpenApiSource } from './openapi-document.ts';

export interface OpenApiOptions extends Omit<OpenApiSource, 'endpoints'> {
  /** Every endpoint, this one included; asked for at the first request. */
  readonly endpoints: () => OpenApiSource['endpoints'];
}

/** `/openapi.json`: this server's routes and tools as an OpenAPI 3.1 document, made once. */
export function createOpenApiEndpoint({ endpoints, ...source }: OpenApiOptions): PublicEndpoint {
  let document: string | undefined;
  return {
    name: 'openapi',
    path: '/openapi.json',
    methods: ['GET'],
    access: 'public',
    origins: 'any',
    docs: {
      summary: 'This document',
      responses: {
        200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) },
      },
    },
    handle() {
      document ??= JSON.stringify(createOpenApiDocument({ ...source, endpoints: endpoints() }));
      return new Response(document, {
        headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
      });
    },
  };
}
