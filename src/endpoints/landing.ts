import { html } from 'hono/html';
import type { PublicEndpoint } from '../http/endpoint.ts';
import { createPage, type Html } from '../http/html.ts';
import type { ServerIdentity } from '../mcp/context.ts';
import type { Tool } from '../mcp/tool.ts';
import { createClientGuides } from './landing-clients.ts';
import { pageRoutes } from './routes.ts';

export interface LandingOptions {
  /** An origin. */
  readonly publicBaseUrl: string;
  readonly identity: Pick<ServerIdentity, 'name' | 'title' | 'version' | 'build'>;
  readonly tools: readonly Tool[];
  /** Whether this server signs clients and people in itself: then every client needs only the URL. */
  readonly signIn: boolean;
}

function renderTokens(signIn: boolean): Html {
  if (signIn) {
    return html`<p>
      Give your client the MCP URL and nothing else. It opens your browser, you allow it and sign in with
      Microsoft Entra, and it stays connected.
    </p>`;
  }
  return html`<p>
    Every call carries an access token for this server. The examples take it from <code>MCP_TOKEN</code>; the
    <a href="/.well-known/oauth-protected-resource/mcp">resource metadata</a> names who issues it and the
    scopes to ask for.
  </p>`;
}

function renderConnect({ publicBaseUrl, identity, signIn }: LandingOptions): Html {
  const guides = createClientGuides(identity.name, `${publicBaseUrl}/mcp`, { signIn }).map(
    ({ client, steps, snippet }) => html`
      <h3>${client}</h3>
      <p>${steps}</p>
      ${snippet !== undefined && html`<pre tabindex="0"><code>${snippet}</code></pre>`}
    `,
  );
  return html`<section aria-labelledby="connect">
    <h2 id="connect">Connect</h2>
    ${renderTokens(signIn)} ${guides}
  </section>`;
}

function describeEffect({ annotations }: Tool['wire']): string {
  if (annotations?.readOnlyHint === true) return 'read-only';
  return annotations?.destructiveHint === true ? 'destructive' : 'writes';
}

function renderTools(tools: readonly Tool[]): Html {
  const items = tools.map(
    ({ name, wire }) => html`
      <dt><code>${name}</code> <span class="quiet">${describeEffect(wire)}</span></dt>
      <dd>${wire.description}</dd>
    `,
  );
  return html`<section aria-labelledby="tools">
    <h2 id="tools">Tools</h2>
    <dl>${items}</dl>
  </section>`;
}

function renderLanding(options: LandingOptions): Html {
  const { publicBaseUrl, identity, tools, signIn } = options;
  return html`
    <header>
      <h1>${identity.title}</h1>
      <p class="lead">
        Tools for AI assistants, over the Model Context Protocol. Everyone signs in with Microsoft Entra and
        sees only their own data.
      </p>
    </header>
    <main>
      <section class="address" aria-labelledby="address">
        <p class="quiet" id="address">MCP URL</p>
        <pre><code>${publicBaseUrl}/mcp</code></pre>
        ${signIn && html`<p class="buttons"><a class="button" href="${publicBaseUrl}/auth/login">Sign in</a></p>`}
      </section>
      ${renderConnect(options)} ${renderTools(tools)}
      <nav aria-labelledby="more">
        <h2 id="more">More</h2>
        <ul>
          <li><a href="/docs">API documentation</a>: every route, to browse and to try</li>
          <li><a href="/openapi.json">OpenAPI document</a>: the same, for programs</li>
          <li><a href="/health">Health</a>: whether the server and what it depends on are up</li>
          <li>
            <a href="/.well-known/oauth-protected-resource/mcp">Resource metadata</a>: where tokens come from
            (RFC 9728)
          </li>
        </ul>
      </nav>
    </main>
    <footer>${identity.name} ${identity.version}, build ${identity.build}</footer>
  `;
}

/** `/`: what this server is and how to connect to it. */
export function createLandingEndpoint(options: LandingOptions): PublicEndpoint {
  return {
    ...pageRoutes.landing,
    docs: {
      summary: 'What this server is and how to connect to it',
      responses: { 200: { description: 'A page for people', mediaType: 'text/html' } },
    },
    handle: () => createPage({ title: options.identity.title, body: renderLanding(options) }),
  };
}
