import {
  UriTemplate,
  type ReadResourceResult,
  type Resource as WireResource,
  type ResourceTemplateType,
} from '@modelcontextprotocol/server';
import type { McpContext } from './context.ts';

export interface ResourcePage {
  readonly resources: readonly WireResource[];
  readonly nextCursor?: string;
}

/** Values for a variable of the URI that begin with what the user has typed, best first. */
export type Completer = (
  typed: string,
  context: McpContext,
) => readonly string[] | Promise<readonly string[]>;

export interface ResourceDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  /** RFC 6570 level 1: `note:///{id}`; without a variable it is the one resource. */
  readonly uri: string;
  /** The resources that exist; `cursor` is a `nextCursor` of before and untrusted. Without it the one resource is listed. */
  list?(context: McpContext, cursor: string | undefined): Promise<ResourcePage>;
  /** The contents, or undefined when nothing is there (for this caller). */
  read(
    variables: Readonly<Record<string, string>>,
    context: McpContext,
    uri: string,
  ): ReadResourceResult['contents'] | undefined | Promise<ReadResourceResult['contents'] | undefined>;
  readonly complete?: Readonly<Record<string, Completer>>;
}

export interface Resource extends ResourceDefinition {
  /** The template to list, where the URI has a variable. */
  readonly template: ResourceTemplateType | undefined;
  /** The variables of a URI that is this resource's, else undefined. */
  match(uri: string): Record<string, string> | undefined;
}

/** Longest URI that is looked at: matching is a regular expression's work. */
const maxUriLength = 2_048;

/** Makes a resource of its definition. */
export function defineResource(definition: ResourceDefinition): Resource {
  const { name, title, description, mimeType, uri } = definition;
  const isTemplate = UriTemplate.isTemplate(uri);
  const template = new UriTemplate(uri);
  return {
    list: () =>
      Promise.resolve({ resources: isTemplate ? [] : [{ uri, name, title, description, mimeType }] }),
    ...definition,
    template: isTemplate ? { uriTemplate: uri, name, title, description, mimeType } : undefined,
    match(candidate) {
      if (candidate.length > maxUriLength) return undefined;
      if (!isTemplate) return candidate === uri ? {} : undefined;
      const variables = template.match(candidate);
      if (variables === null) return undefined;
      return Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, String(value)]));
    },
  };
}
