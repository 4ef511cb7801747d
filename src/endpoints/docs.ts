import { html } from 'hono/html';
import type { PublicEndpoint, PublicRoute } from '../http/endpoint.ts';
import { createPage, type PageResources } from '../http/html.ts';
import { createSwaggerUiFile } from './docs-files.ts';
import { pageRoutes } from './routes.ts';

const resources: PageResources = {
  head: html`
    <meta name="color-scheme" content="light dark" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  `,
  // Its style sheet holds its icons as data URLs; it reads the document and sends what the reader tries out.
  policy: ["script-src 'self'", "style-src 'self'", 'img-src data:', "connect-src 'self'"],
};

/** MCP wants both media types accepted; Swagger UI offers the one of the documented answer. */
const startScript = `
if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark-mode');
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  requestInterceptor(request) {
    if (request.url.endsWith('/mcp')) request.headers.Accept = 'application/json, text/event-stream';
    return request;
  },
});
`;

interface PageFile {
  readonly route: PublicRoute;
  readonly mediaType: string;
  readonly read: (request: Request) => Response | Promise<Response>;
}

/** What the page loads. */
function createFiles(): readonly PageFile[] {
  return [
    {
      route: pageRoutes.docsStyle,
      mediaType: 'text/css',
      read: createSwaggerUiFile('swagger-ui.css'),
    },
    {
      route: pageRoutes.docsScript,
      mediaType: 'text/javascript',
      read: createSwaggerUiFile('swagger-ui-bundle.js'),
    },
    {
      route: pageRoutes.docsStart,
      mediaType: 'text/javascript',
      read: () => new Response(startScript),
    },
  ];
}

function createFileEndpoint({ route, mediaType, read }: PageFile): PublicEndpoint {
  return {
    ...route,
    docs: { summary: 'A file of /docs', responses: { 200: { description: 'The file', mediaType } } },
    async handle(request) {
      const response = await read(request);
      response.headers.set('Content-Type', `${mediaType}; charset=utf-8`);
      // For the browser that asked: another may not take what this one does.
      response.headers.set('Cache-Control', 'private, max-age=3600');
      return response;
    },
  };
}

/** `/docs`: Swagger UI on `/openapi.json`, and the files it loads, all from this server. */
export function createDocsEndpoints({ title }: { readonly title: string }): readonly PublicEndpoint[] {
  const page: PublicEndpoint = {
    ...pageRoutes.docs,
    docs: {
      summary: 'A page to browse and try this API',
      responses: { 200: { description: 'The page', mediaType: 'text/html' } },
    },
    handle: () =>
      createPage({
        title: `API of ${title}`,
        body: html`<main id="docs">
          <noscript
            >This page needs JavaScript; <a href="/openapi.json">the document itself</a> does not.</noscript
          >
        </main>`,
        resources,
      }),
  };
  return [page, ...createFiles().map(createFileEndpoint)];
}
