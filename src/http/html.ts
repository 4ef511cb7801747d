import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { houseStyle } from './style.ts';

/** Markup that the `html` tag made: every value put into it was escaped unless it was such markup itself. */
export type Html = ReturnType<typeof html>;

/** What a page loads, and the Content-Security-Policy directives without which it could not. */
export interface PageResources {
  readonly head: Html;
  readonly policy: readonly string[];
}

export interface PageOptions {
  readonly title: string;
  readonly body: Html;
  /** 200 unless given. */
  readonly status?: number;
  /** The house style unless given. */
  readonly resources?: PageResources;
  /** Sources (CSP `form-action`) that a form of the page, and every redirect after it, may lead to. Nowhere unless given. */
  readonly formAction?: readonly string[];
}

const houseStyleHash = createHash('sha256').update(houseStyle).digest('base64');
const houseResources: PageResources = {
  head: raw(`<style>${houseStyle}</style>`),
  policy: [`style-src 'sha256-${houseStyleHash}'`],
};

/** A page of this server. It loads what its resources name and nothing else, and is framed by nobody. */
export async function createPage(options: PageOptions): Promise<Response> {
  const { title, body, status = 200, resources = houseResources, formAction = ["'none'"] } = options;
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${resources.head}
      </head>
      <body>
        ${body}
      </body>
    </html>`;
  const policy = [
    "default-src 'none'",
    ...resources.policy,
    "base-uri 'none'",
    `form-action ${formAction.join(' ')}`,
    "frame-ancestors 'none'",
  ];
  return new Response(page.toString(), {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy.join('; '),
    },
  });
}
