import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { findFreePort } from '../../dev/ports.ts';

const projectRoot = resolve(import.meta.dirname, '../..');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly finished: Promise<Finished>;
  /** Resolves when standard output holds the text; rejects when the program ends before. */
  printed(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** Runs a script of the project without the settings, and without the Core Tools, of whoever runs the tests. */
export function runScript(script: string, args: readonly string[], environment: NodeJS.ProcessEnv): Program {
  const { HOME, SystemRoot, TEMP } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: projectRoot,
    env: { PATH: dirname(process.execPath), HOME, SystemRoot, TEMP, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return {
    finished,
    async printed(text) {
      const ended = finished.then(({ stderr }) => Promise.reject(new Error(`${script} ended: ${stderr}`)));
      ended.catch(() => undefined);
      while (!output.stdout.includes(text)) await Promise.race([once(child.stdout, 'data'), ended]);
    },
    signal: (name) => void child.kill(name),
  };
}

const portNames = [
  'MCP_PORT',
  'ENTRA_PORT',
  'KEY_VAULT_PORT',
  'IDENTITY_PORT',
  'AZURITE_BLOB_PORT',
  'AZURITE_QUEUE_PORT',
  'AZURITE_TABLE_PORT',
] as const;

/** A free port for each variable, all different. */
export async function chooseFreePorts(): Promise<Record<(typeof portNames)[number], string>> {
  const ports = new Set<number>();
  while (ports.size < portNames.length) ports.add(await findFreePort());
  return Object.fromEntries([...ports].map((port, index) => [portNames[index], String(port)])) as Record<
    (typeof portNames)[number],
    string
  >;
}

/** Starts the whole stack with `npm start`'s script and resolves when its banner is out. */
export async function startLocalStack(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Program> {
  const program = runScript('dev/start.ts', args, environment);
  await program.printed('Ctrl-C stops everything.');
  return program;
}
