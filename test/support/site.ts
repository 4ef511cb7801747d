import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startHost } from '../../dev/host.ts';
import { createNoteTable } from '../../src/azure/note-table.ts';
import { createSessionTable } from '../../src/azure/session-table.ts';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { createDocsEndpoints } from '../../src/endpoints/docs.ts';
import { echoEndpoint } from '../../src/endpoints/echo.ts';
import { createHealthEndpoint } from '../../src/endpoints/health.ts';
import { createHealthzEndpoint } from '../../src/endpoints/healthz.ts';
import { createLandingEndpoint } from '../../src/endpoints/landing.ts';
import { createMcpEndpoint } from '../../src/endpoints/mcp.ts';
import { meEndpoint } from '../../src/endpoints/me.ts';
import { createOpenApiEndpoint } from '../../src/endpoints/openapi.ts';
import type { DocumentedEndpoint } from '../../src/http/endpoint.ts';
import { createMcpFetch } from '../../src/mcp/handler.ts';
import { tools } from '../../src/mcp/tools/index.ts';
import { guardForTest } from './guarded.ts';
import { collectComplaints, launchBrowser } from './launch-browser.ts';
import { createTestEnvironment } from './server.ts';

/** Where a test browser finds the site; no such host exists. */
export const siteUrl = 'http://mcp.test';

export const siteIdentity = {
  name: 'test-server',
  title: 'Test server',
  version: '1.2.3',
  build: 'abc',
  startedAt: 0,
};

/** Every endpoint with a page or a document of its own, and those that the documents tell of. */
export function createSiteEndpoints(): readonly DocumentedEndpoint[] {
  const tables = createTables(loadConfig(createTestEnvironment()).tables);
  const services = {
    identity: siteIdentity,
    notes: createNoteTable(tables, { now: Date.now }),
    sessions: createSessionTable(tables, { now: Date.now }),
    now: Date.now,
  };
  const handleMcp = createMcpFetch({ tools, resources: [], prompts: [] }, services, () => undefined);
  const endpoints: DocumentedEndpoint[] = [
    createMcpEndpoint({ handleMcp, recorder: { due: () => undefined } }),
    createHealthzEndpoint(siteIdentity),
    createHealthEndpoint({ checks: {} }),
    meEndpoint,
    echoEndpoint,
    createLandingEndpoint({ publicBaseUrl: siteUrl, identity: siteIdentity, tools, signIn: true }),
    ...createDocsEndpoints(siteIdentity),
    createOpenApiEndpoint({
      publicBaseUrl: siteUrl,
      identity: siteIdentity,
      tools,
      endpoints: () => Promise.resolve(endpoints),
    }),
  ];
  return endpoints;
}

/** A page in the test browser, with what went wrong and where it went. */
export interface Visit {
  readonly page: Page;
  /** What the browser complained about: refusals of the Content-Security-Policy among it. */
  readonly complaints: readonly string[];
  /** Every origin that anything was asked of. */
  readonly origins: ReadonlySet<string>;
}

export interface Site {
  visit(path: string, options?: BrowserContextOptions): Promise<Visit>;
  stop(): Promise<void>;
}

async function openPage(browser: Browser, path: string, options: BrowserContextOptions): Promise<Visit> {
  const page = await browser.newPage(options);
  const complaints = collectComplaints(page);
  const origins = new Set<string>();
  page.on('request', (request) => {
    // A data URL is no request: nothing leaves the browser.
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  await page.goto(siteUrl + path);
  return { page, complaints, origins };
}

/** Serves the site to a real Chromium that reaches nothing else. `Bearer good` is the token it accepts. */
export async function startSite(): Promise<Site> {
  const routes = createSiteEndpoints().map(
    (endpoint) => guardForTest(endpoint, { publicBaseUrl: siteUrl }).route,
  );
  const host = await startHost(routes, { port: 0 });
  const browser = await launchBrowser([`MAP ${new URL(siteUrl).host}:80 127.0.0.1:${host.port}`]);
  return {
    visit: (path, options = {}) => openPage(browser, path, options),
    async stop() {
      await browser.close();
      await host.stop();
    },
  };
}
