import {
  ResourceNotFoundError,
  type ListResourcesResult,
  type ReadResourceResult,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { McpContext } from './context.ts';
import { createInvalidCursor } from './failures.ts';
import type { Resource } from './resource.ts';

/** Which resource a page continues, and that resource's own cursor. */
const cursorSchema = z.tuple([z.int().min(0), z.string().max(1_024).optional()]);

function encodeCursor(index: number, inner: string | undefined): string {
  return Buffer.from(JSON.stringify(inner === undefined ? [index] : [index, inner])).toString('base64url');
}

function decodeCursor(cursor: string | undefined): z.infer<typeof cursorSchema> {
  if (cursor === undefined) return [0, undefined];
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw createInvalidCursor();
  }
}

/** One page of everything there is: first the resources of the first definition, then those of the next. */
export async function listResources(
  resources: readonly Resource[],
  cursor: string | undefined,
  context: McpContext,
): Promise<ListResourcesResult> {
  const [start, inner] = decodeCursor(cursor);
  if (cursor !== undefined && start >= resources.length) throw createInvalidCursor();
  const listed: ListResourcesResult['resources'] = [];
  for (let index = start; index < resources.length; index += 1) {
    const page = await resources[index]?.list?.(context, index === start ? inner : undefined);
    listed.push(...(page?.resources ?? []));
    if (page?.nextCursor !== undefined)
      return { resources: listed, nextCursor: encodeCursor(index, page.nextCursor) };
  }
  return { resources: listed };
}

/** @throws ResourceNotFoundError for a URI that is nobody's, and for one whose contents this caller does not have */
export async function readResource(
  resources: readonly Resource[],
  uri: string,
  context: McpContext,
): Promise<ReadResourceResult> {
  for (const resource of resources) {
    const variables = resource.match(uri);
    if (variables === undefined) continue;
    const contents = await resource.read(variables, context, uri);
    if (contents !== undefined) return { contents };
  }
  throw new ResourceNotFoundError(uri);
}
