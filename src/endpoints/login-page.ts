import { html } from 'hono/html';
import type { Html } from '../http/html.ts';
import type { Principal } from '../auth/principal.ts';

export interface LoginPageOptions {
  readonly principal: Principal;
  readonly token: string;
  readonly server: { readonly title: string; readonly publicBaseUrl: string };
  /** Proof for the form of Sign out, to be posted back in `form`. */
  readonly field: string;
}

function renderPerson({ principal }: LoginPageOptions): Html {
  const rows = [
    ['Name', principal.name],
    ['Username', principal.username],
    ['Tenant', principal.tenantId],
    ['Object id', principal.objectId],
    ['Roles', principal.roles.join(', ')],
  ].filter(([, value]) => value !== undefined && value !== '');
  return html`<dl class="facts">
    ${rows.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function renderToken({ principal, token, server }: LoginPageOptions): Html {
  const end = new Date(principal.expiresAt * 1_000).toISOString();
  const command = [
    `curl ${server.publicBaseUrl}/mcp`,
    '-H "Authorization: Bearer $MCP_TOKEN"',
    '-H "Content-Type: application/json"',
    '-H "Accept: application/json, text/event-stream"',
    `-d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`,
  ].join(' \\\n  ');
  return html`<section aria-labelledby="token">
    <h2 id="token">Access token</h2>
    <p>
      For a client in which you have to paste one. It is yours alone, so give it to nobody. It ends
      <time datetime="${end}">${end.slice(0, 16).replace('T', ' at ')} UTC</time>, or within a minute when you
      sign out here.
    </p>
    <pre class="token" tabindex="0"><code>${token}</code></pre>
    <p>Put it into <code>MCP_TOKEN</code> to try the server in a terminal:</p>
    <pre tabindex="0"><code>${command}</code></pre>
  </section>`;
}

/** Who is signed in, a token to paste, and Sign out. */
export function renderLogin(options: LoginPageOptions): Html {
  const { server, field } = options;
  return html`
    <header>
      <h1>You are signed in</h1>
      <p class="lead">to ${server.title}, with Microsoft Entra.</p>
    </header>
    <main>
      ${renderPerson(options)}
      <form method="post" action="/auth/logout">
        <input type="hidden" name="form" value="${field}" />
        <p class="buttons"><button type="submit">Sign out</button></p>
      </form>
      ${renderToken(options)}
    </main>
    <footer><a href="/">${server.title}</a></footer>
  `;
}
