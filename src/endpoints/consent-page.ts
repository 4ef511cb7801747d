import { html } from 'hono/html';
import type { Html } from '../http/html.ts';
import { consentPath } from '../oauth/authorization-request.ts';
import { describeTarget, type ConsentTarget } from '../oauth/consent-target.ts';
import type { SignInRequest } from '../oauth/interactions.ts';

export interface ConsentPageOptions {
  readonly request: SignInRequest;
  readonly server: { readonly title: string; readonly publicBaseUrl: string };
  /** Proof for the form, to be posted back in `form`. */
  readonly field: string;
  readonly offersToRemember: boolean;
}

const scopeTexts: Readonly<Record<string, string>> = {
  access_as_user: 'Use the tools of this server as you, and with them read and change your data here',
};

function readName({ client }: SignInRequest): string {
  return client.name ?? 'An application without a name';
}

function renderIdentity({ client }: SignInRequest): Html {
  if (client.kind === 'document') {
    const { host } = new URL(client.id);
    return html`<strong>${host}</strong> publishes it: <code>${client.id}</code>`;
  }
  if (client.kind === 'listed') return html`Whoever runs this server listed it: <code>${client.id}</code>`;
  if (client.kind === 'own') return html`This server’s own page`;
  return html`<strong>Nobody vouches for it.</strong> It registered itself, under a name of its own choosing.`;
}

function renderTarget({ kind, name }: ConsentTarget): Html {
  if (kind === 'web') return html`<strong>${name}</strong>`;
  return html`<strong>An application on this device</strong> (<code>${name}</code>)`;
}

function renderWarning({ kind }: ConsentTarget): Html | false {
  return (
    kind === 'device' &&
    html`<p class="warning">
      <strong>Any program on this device could be asking.</strong> Allow this only if you have just started
      connecting this application yourself.
    </p>`
  );
}

function renderForm({ request, field, offersToRemember }: ConsentPageOptions): Html {
  return html`<form method="post" action="${consentPath}">
    <input type="hidden" name="request" value="${request.id}" />
    <input type="hidden" name="form" value="${field}" />
    ${
      offersToRemember &&
      html`<p>
        <label
          ><input type="checkbox" name="remember" value="on" /> Do not ask me again in this browser</label
        >
      </p>`
    }
    <p class="buttons">
      <button type="submit" name="decision" value="allow" class="primary">Allow</button>
      <button type="submit" name="decision" value="deny">Deny</button>
    </p>
  </form>`;
}

/** Who asks, what for and where the answer goes, so that a person can decide. */
export function renderConsent(options: ConsentPageOptions): Html {
  const { request, server } = options;
  const name = readName(request);
  const target = describeTarget(request.redirectUri);
  const scopes = request.scopes.map(
    (scope) =>
      html`<li>${scopeTexts[scope] ?? 'Use this permission in your name:'} <code>${scope}</code></li>`,
  );
  return html`
    <main>
      <h1>Allow <bdi>${name}</bdi> to use ${server.title}?</h1>
      <dl class="terms">
        <dt>Who is asking</dt>
        <dd><bdi>${name}</bdi>. ${renderIdentity(request)}</dd>
        <dt>Where you will be sent</dt>
        <dd>${renderTarget(target)}</dd>
        <dt>What it may do</dt>
        <dd>
          <ul>
            ${scopes}
          </ul>
        </dd>
      </dl>
      ${renderWarning(target)} ${renderForm(options)}
      <p class="quiet">
        After Allow you sign in with Microsoft Entra. The application never sees your password.
      </p>
    </main>
    <footer>${server.title} at ${new URL(server.publicBaseUrl).host}</footer>
  `;
}
