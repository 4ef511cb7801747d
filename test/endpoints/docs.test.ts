import { createHook } from 'node:async_hooks';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSwaggerUiFile } from '../../src/endpoints/docs-files.ts';
import { createDocsEndpoints } from '../../src/endpoints/docs.ts';
import { guardForTest } from '../support/guarded.ts';
import { createSiteEndpoints, siteUrl, startSite, type Site } from '../support/site.ts';

const endpoints = createDocsEndpoints({ title: 'Test server' });

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const endpoint = endpoints.find((candidate) => candidate.path === path);
  if (endpoint === undefined) throw new Error(`no endpoint at ${path}`);
  return guardForTest(endpoint).send({ headers });
}

describe('GET /docs', () => {
  it('allows scripts, styles and requests of this server, none inline and none of another', async () => {
    const response = await get('/docs');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  it('loads exactly the files that are served beside it', async () => {
    const page = await (await get('/docs')).text();
    const loaded = [...page.matchAll(/(?:src|rel="stylesheet" href)="([^"]*)"/g)].map(([, path]) => path);
    expect(loaded).toEqual(endpoints.map(({ path }) => path).filter((path) => path !== '/docs'));
  });

  it.each([
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle'],
  ])('serves %s, compressed for a browser that takes Brotli', async (path, mediaType, content) => {
    const headers = { 'content-type': mediaType, 'cache-control': 'private, max-age=3600' };
    const small = await get(path, { 'Accept-Encoding': 'gzip, deflate, br, zstd' });
    expect(Object.fromEntries(small.headers)).toMatchObject({ ...headers, 'content-encoding': 'br' });
    expect(brotliDecompressSync(await small.arrayBuffer()).toString()).toContain(content);

    const plain = await get(path, { 'Accept-Encoding': 'gzip, deflate' });
    expect(Object.fromEntries(plain.headers)).toMatchObject(headers);
    expect(plain.headers.has('content-encoding')).toBe(false);
    expect(await plain.text()).toContain(content);
  });
});

describe('the files of Swagger UI', () => {
  it('are packed and unpacked once, however often they are asked for', async () => {
    const send = createSwaggerUiFile('swagger-ui.css');
    const request = new Request('http://localhost/');
    let begun = 0;
    const hook = createHook({ init: (_id, type) => void (begun += Number(type === 'ZLIB')) }).enable();
    await Promise.all([send(request), send(request)]);
    await send(request);
    hook.disable();
    expect(begun).toBe(2);
  });
});

describe('GET /docs in a browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site.stop());

  it('shows every route, asks nothing of another host and breaks no policy', async () => {
    const { page, complaints, origins } = await site.visit('/docs');
    await page.waitForSelector('.opblock');
    const shown = await page.locator('.opblock-summary-path').allTextContents();
    const paths = shown.map((path) => path.replaceAll('\u200b', ''));
    expect(new Set(paths)).toEqual(new Set(createSiteEndpoints().map((endpoint) => endpoint.path)));
    expect([...origins]).toEqual([siteUrl]);
    expect(complaints).toEqual([]);
  });

  it('tries a route out with a token, MCP too', async () => {
    const { page, complaints } = await site.visit('/docs');
    await page.getByRole('button', { name: 'Authorize' }).click();
    await page.getByLabel('auth-bearer-value').fill('good');
    await page.getByRole('button', { name: 'Apply credentials' }).click();
    await page.locator('.modal-ux .btn-done').click();

    await page.locator('#operations-With_an_access_token-post-mcp .opblock-summary-control').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    const answer = page.waitForResponse(`${siteUrl}/mcp`);
    await page.getByRole('button', { name: 'Execute' }).click();
    const response = await answer;
    expect(response.status()).toBe(200);
    expect(await response.json()).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      result: { tools: expect.any(Array) },
    });
    expect(complaints).toEqual([]);
  });

  it('is dark for those who prefer it', async () => {
    const { page } = await site.visit('/docs', { colorScheme: 'dark' });
    await page.waitForSelector('html.dark-mode .opblock');
  });
});
