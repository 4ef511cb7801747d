import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Where a Chromium is when somebody installed one for themselves. */
const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function install(): void {
  const packageFile = createRequire(import.meta.url).resolve('playwright-core/package.json');
  const cli = join(packageFile, '../cli.js');
  execFileSync(process.execPath, [cli, 'install', '--only-shell', 'chromium'], { stdio: 'inherit' });
}

/**
 * The Chromium that tests drive: CHROME_PATH, or one that is installed, or one that Playwright downloads now.
 * Undefined where there is none and none can be had.
 */
export function findBrowser(): string | undefined {
  const installed = [process.env.CHROME_PATH, ...usualPlaces, chromium.executablePath()].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (installed !== undefined) return installed;
  try {
    install();
  } catch {
    return undefined;
  }
  return chromium.executablePath();
}
