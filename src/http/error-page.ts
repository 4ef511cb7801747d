import { html } from 'hono/html';
import { createPage } from './html.ts';

export interface ErrorPageOptions {
  readonly status: number;
  /** What went wrong and what to do about it. */
  readonly message: string;
  readonly requestId: string;
  /** What is needed only to ask somebody for help, such as an OAuth error code. */
  readonly detail?: string;
}

function titleOf(status: number): string {
  if (status === 429) return 'Too many attempts';
  if (status === 503) return 'Not available right now';
  if (status >= 500) return 'Something went wrong here';
  if (status === 403) return 'Not allowed';
  return 'This did not work';
}

/** A failure told to a person: what, what to do, and the id under which the log has it. */
export function createErrorPage(options: ErrorPageOptions): Promise<Response> {
  const { status, message, requestId, detail } = options;
  const title = titleOf(status);
  return createPage({
    title,
    status,
    body: html`
      <main>
        <h1>${title}</h1>
        <p class="lead">${message}</p>
        ${status >= 500 && html`<p>If it stays this way, tell whoever runs this server the id below.</p>`}
        <p><a href="/">About this server</a></p>
      </main>
      <footer>
        <p>
          ${detail !== undefined && html`Error: <code>${detail}</code><br />`} Request id:
          <code>${requestId}</code>
        </p>
      </footer>
    `,
  });
}
