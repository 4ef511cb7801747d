import { chromium } from 'playwright-core';
import { startHost } from './dev/host.ts';
import { createGuard } from './src/http/guard.ts';
import { createLandingEndpoint } from './src/endpoints/landing.ts';
import { createDocsEndpoints } from './src/endpoints/docs.ts';
import { createOpenApiEndpoint } from './src/endpoints/openapi.ts';
import { createHealthzEndpoint } from './src/endpoints/healthz.ts';
import { createHealthEndpoint } from './src/endpoints/health.ts';
import { createMcpEndpoint } from './src/endpoints/mcp.ts';
import { createMcpFetch } from './src/mcp/handler.ts';
import { meEndpoint } from './src/endpoints/me.ts';
import { echoEndpoint } from './src/endpoints/echo.ts';
import { createResourceMetadataEndpoints } from './src/endpoints/resource-metadata.ts';
import { tools } from './src/mcp/tools/index.ts';
import { testPrincipal } from './test/support/guarded.ts';
const port = 18471, publicBaseUrl = `http://127.0.0.1:${port}`;
const identity = { name: 'entra-mcp-functions', title: 'Entra MCP server', version: '0.1.0', build: 'dev', startedAt: 0 };
const services = { identity, notes: {} as never, sessions: {} as never, now: Date.now };
const endpoints: any[] = [
  createLandingEndpoint({ publicBaseUrl, identity, tools }), ...createDocsEndpoints(identity),
  createMcpEndpoint({ handleMcp: createMcpFetch({ tools, resources: [], prompts: [] }, services, console.error), sessions: { record: async () => {} } as never }),
  createHealthzEndpoint(identity), createHealthEndpoint({ checks: {} }), meEndpoint, echoEndpoint,
  ...createResourceMetadataEndpoints({ publicBaseUrl, authorizationServers: ['https://x.example'], scopes: [], resourceName: 'x' }),
  createOpenApiEndpoint({ publicBaseUrl, identity, tools, endpoints: () => endpoints }),
];
const guard = createGuard({ publicBaseUrl, allowedOrigins: [], maxRequestBytes: 1e6, challenge: { resourceMetadataUrl: '', scopes: [] }, authenticate: async () => testPrincipal, logLevel: 'info', sink: (_l, line) => process.env.V && console.log(line) });
const host = await startHost(endpoints.map(guard), { port });
console.log('host', host.url);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
for (const scheme of ['light', 'dark'] as const) for (const width of [1100, 390, 320]) {
  const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 900 } });
  page.on('console', (m) => console.log(scheme, width, m.type(), m.text()));
  page.on('request', (r) => r.url().startsWith(host.url) || r.url().startsWith('data:') || console.log('FOREIGN', r.url()));
  await page.goto(host.url); await page.screenshot({ path: `/tmp/look/landing-${scheme}-${width}.png`, fullPage: true });
  console.log('overflow', await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  await page.goto(host.url + '/docs'); await page.waitForSelector('.opblock', { timeout: 20000 }); await page.waitForTimeout(500);
  await page.screenshot({ path: `/tmp/look/docs-${scheme}-${width}.png`, fullPage: true });
  if (width === 1100) { 
    await page.locator('#operations-With_an_access_token-post-mcp button.opblock-summary-control').click();
    await page.locator('.try-out__btn').click(); await page.locator('button.execute').click(); await page.waitForSelector('.live-responses-table');await page.waitForTimeout(500);
    await page.screenshot({ path: `/tmp/look/try-${scheme}-${width}.png`, fullPage: true }); }
  await page.close();
}
const p = await browser.newPage(); await p.goto(host.url); await p.pdf({ path: '/tmp/look/landing.pdf', format: 'A4' });
await browser.close(); await host.stop();
