import { createDocsEndpoints } from '../endpoints/docs.ts';
import { echoEndpoint } from '../endpoints/echo.ts';
import { createHealthEndpoint, type Check } from '../endpoints/health.ts';
import { createLandingEndpoint } from '../endpoints/landing.ts';
import { meEndpoint } from '../endpoints/me.ts';
import { createOpenApiEndpoint } from '../endpoints/openapi.ts';
import { createResourceMetadataEndpoints } from '../endpoints/resource-metadata.ts';
import type { DocumentedEndpoint } from '../http/endpoint.ts';
import type { ServerIdentity } from '../mcp/context.ts';
import type { Tool } from '../mcp/tool.ts';

export interface PagesDeps {
  /** An origin. */
  readonly publicBaseUrl: string;
  readonly identity: ServerIdentity;
  readonly tools: readonly Tool[];
  readonly checks: Readonly<Record<string, Check>>;
  /** Where clients get their tokens, and which scopes they ask for there. */
  readonly tokens: { readonly authorizationServers: readonly string[]; readonly scopes: readonly string[] };
  readonly core: readonly DocumentedEndpoint[];
  /** Loads the endpoints of the authorization server; absent where there is none. */
  readonly loadSignIn: (() => Promise<readonly DocumentedEndpoint[]>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The endpoints of `pageRoutes`. */
export function createPages(deps: PagesDeps): readonly DocumentedEndpoint[] {
  const { publicBaseUrl, identity, tools, checks, tokens, core, loadSignIn, now } = deps;
  const pages: readonly DocumentedEndpoint[] = [
    createHealthEndpoint({ checks, now }),
    createLandingEndpoint({ publicBaseUrl, identity, tools, signIn: loadSignIn !== undefined }),
    ...createDocsEndpoints(identity),
    createOpenApiEndpoint({
      publicBaseUrl,
      identity,
      tools,
      endpoints: async () => [...core, ...pages, ...((await loadSignIn?.()) ?? [])],
    }),
    meEndpoint,
    echoEndpoint,
    ...createResourceMetadataEndpoints({ publicBaseUrl, resourceName: identity.title, ...tokens }),
  ];
  return pages;
}
