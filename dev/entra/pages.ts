import { createHash } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { User } from './directory.ts';

const style = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 28rem; margin: 3rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }
fieldset, label { display: block; margin: 0 0 1rem }
fieldset label { margin: 0.25rem 0 }
input[type=password] { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: 0.4rem }
button { font: inherit; padding: 0.4rem 1rem; margin-right: 0.5rem }
[role=alert] { border-left: 4px solid #b00020; padding-left: 0.75rem }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px }
`;

const styleDigest = createHash('sha256').update(style).digest('base64');

// No form-action: Chromium applies it to the redirects after the form too, which end at the client's own address.
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleDigest}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Answers with a page of the local Entra: no script, nothing from other hosts, not to be framed or stored. */
export function showPage(ctx: KoaContextWithOIDC, status: number, title: string, main: string): void {
  ctx.status = status;
  ctx.set({
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  ctx.type = 'html';
  ctx.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} - local Entra</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;
}

/** A paragraph, spoken at once by a screen reader where it is an alert. */
export function paragraph(text: string, role?: 'alert'): string {
  return `<p${role === undefined ? '' : ` role="${role}"`}>${escapeHtml(text)}</p>`;
}

export interface SignInForm {
  readonly applicationName: string;
  readonly accounts: readonly User[];
  /** Username that is chosen beforehand. */
  readonly chosen: string | undefined;
  /** Why the last attempt failed. */
  readonly problem?: string;
}

/** The sign-in form; it posts to its own address: `username`, `password`, and `action=cancel` to decline. */
export function renderSignInForm({ accounts, applicationName, chosen, problem }: SignInForm): string {
  const selected = accounts.find(({ username }) => username === chosen?.toLowerCase()) ?? accounts[0];
  const choices = accounts.map(
    ({ name, username }) =>
      `<label><input type="radio" name="username" value="${escapeHtml(username)}" required${
        username === selected?.username ? ' checked' : ''
      }> ${escapeHtml(name)} (${escapeHtml(username)})</label>`,
  );
  return `${paragraph(`${applicationName} asks you to sign in.`)}
${problem === undefined ? '' : paragraph(problem, 'alert')}
<form method="post">
<fieldset>
<legend>Account</legend>
${choices.join('\n')}
</fieldset>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<button type="submit">Sign in</button>
<button type="submit" name="action" value="cancel" formnovalidate>Cancel</button>
</form>`;
}
