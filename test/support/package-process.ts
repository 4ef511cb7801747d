import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleApp } from '../../dev/bundle.ts';

const projectRoot = resolve(import.meta.dirname, '../..');

/** The package that is deployed, in a folder that holds nothing else, and the processes that run it. */
export interface BuiltPackage {
  readonly folder: string;
  /** Starts it as the Functions worker would, on a free port unless one is given; resolves with its origin. */
  start(environment: NodeJS.ProcessEnv, port?: number): Promise<string>;
  /** Ends every process in the host's way, which waits for what the package still does. */
  end(): Promise<void>;
  /** Ends them and removes the folder. */
  stop(): Promise<void>;
}

export async function buildPackage(): Promise<BuiltPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  await bundleApp(join(folder, 'dist'));
  for (const file of ['host.json', 'package.json']) copyFileSync(join(projectRoot, file), join(folder, file));
  const workers: ChildProcess[] = [];

  async function end(): Promise<void> {
    for (const worker of workers.splice(0)) {
      const ended = once(worker, 'exit');
      // It has gone by itself where that cannot be sent, as it does on a rejection that nobody handles.
      const isSent = worker.kill();
      if (!isSent || (await ended)[0] !== 0) throw new Error('the package ended by itself');
    }
  }

  return {
    folder,
    async start(environment, port = 0) {
      const script = join(import.meta.dirname, 'functions-host.ts');
      const worker = spawn(process.execPath, [script, folder, String(port)], {
        env: { PATH: process.env.PATH, ...environment },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      workers.push(worker);
      const [printed] = (await once(worker.stdout, 'data')) as [Buffer];
      return `http://127.0.0.1:${printed.toString().trim()}`;
    },
    end,
    async stop() {
      await end();
      rmSync(folder, { recursive: true });
    },
  };
}
