import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Failure } from './failure.ts';

const run = promisify(execFile);
const projectRoot = resolve(import.meta.dirname, '..');
const isWindows = process.platform === 'win32';

/** Azure Functions Core Tools. */
export interface CoreTools {
  readonly path: string;
  readonly version: string;
}

/**
 * Where the program may be in a folder of the PATH. npm's `func.cmd` cannot be run without a shell, but the program
 * that it starts can.
 */
const relativePaths = isWindows
  ? [
      'func.exe',
      'node_modules/azure-functions-core-tools/bin/func.exe',
      '../azure-functions-core-tools/bin/func.exe',
    ]
  : ['func'];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first Core Tools 4 on the PATH. Other programs are called `func` too, so it is asked who it is. */
export async function findCoreTools(environment: NodeJS.ProcessEnv): Promise<CoreTools | undefined> {
  const folders = (environment.PATH ?? environment.Path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => relativePaths.map((path) => join(folder, path)));
  for (const path of candidates.filter(isProgram)) {
    try {
      const { stdout } = await run(path, ['--version'], {
        env: environment,
        timeout: 15_000,
        windowsHide: true,
      });
      const version = /^4\.\d+\.\d+\S*$/m.exec(stdout.trim())?.[0];
      if (version !== undefined) return { path, version };
    } catch {
      // Not the one: the next candidate is asked.
    }
  }
  return undefined;
}

/** Ends the program and what it started: Core Tools run the host and its worker as children of their own. */
async function endProcessTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (isWindows) await run('taskkill', ['/pid', String(child.pid), '/T', '/F']);
  else process.kill(-child.pid, 'SIGTERM');
  await exited;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false;
  }
}

export interface FunctionsHost {
  /** Resolves when it answers; rejects where it ends before that. */
  readonly ready: Promise<void>;
  /** Resolves when it ended, for whatever reason. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

async function waitForAnswer(url: string, exited: Promise<void>): Promise<void> {
  const ended = exited.then(() => true);
  while (!(await answers(url))) {
    if (!(await Promise.race([ended, wait(250, false)]))) continue;
    throw new Failure('"func start" ended before it answered; its own output says why.');
  }
}

/** Whether they can be held to 127.0.0.1: until 4.13.0, which has `--address`, they bind 0.0.0.0. */
export function listensOnLoopbackOnly({ version }: CoreTools): boolean {
  return Number(version.split('.')[1]) >= 13;
}

/** `func start` with the built bundle. */
export function startFunctionsHost(
  tools: CoreTools,
  { port, environment }: { readonly port: number; readonly environment: NodeJS.ProcessEnv },
): FunctionsHost {
  const address = listensOnLoopbackOnly(tools) ? ['--address', '127.0.0.1'] : [];
  const child = spawn(tools.path, ['start', '--port', String(port), ...address], {
    cwd: projectRoot,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own, so that all of it can be ended.
    detached: !isWindows,
    windowsHide: true,
  });
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  return {
    ready: waitForAnswer(`http://127.0.0.1:${port}/healthz`, exited),
    exited,
    stop: () => endProcessTree(child),
  };
}
