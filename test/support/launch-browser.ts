import { chromium, type Browser, type Page } from 'playwright-core';

const thisMachine = ['EXCLUDE localhost', 'EXCLUDE 127.0.0.1'];

/**
 * A real Chromium, which reaches this machine and nothing else. Throws where there is none.
 * @param hosts what it reaches instead, as Chromium's rules for host names: `MAP mcp.test:80 127.0.0.1:8080`
 */
export async function launchBrowser(hosts: readonly string[] = thisMachine): Promise<Browser> {
  if (process.env.CHROME_PATH === undefined) {
    throw new Error('No Chromium was found or could be downloaded: install one, or set CHROME_PATH.');
  }
  return chromium.launch({
    executablePath: process.env.CHROME_PATH,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      `--host-resolver-rules=${[...hosts, 'MAP * ~NOTFOUND'].join(', ')}`,
    ],
  });
}

/**
 * What the browser complains about from now on: refusals of a Content-Security-Policy among it. Pages of which
 * `isWatched` is false are left out.
 */
export function collectComplaints(page: Page, isWatched: (url: string) => boolean = () => true): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (isWatched(page.url()) && ['error', 'warning'].includes(message.type()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}
