import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What opens a URL in the person's browser, by platform. No shell reads the URL. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Tries to; false where the machine has nothing to open it with. */
export async function openBrowser(url: URL): Promise<boolean> {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  const opener = spawn(command, [...args, url.href], { stdio: 'ignore', detached: true });
  opener.unref();
  try {
    await once(opener, 'spawn');
    return true;
  } catch {
    return false;
  }
}
