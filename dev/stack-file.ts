import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { locateDataDir } from './data-dir.ts';
import { Failure, readCode } from './failure.ts';

const claimSchema = z.object({ pid: z.int().positive() });

const stackSchema = z.object({
  mcpUrl: z.url(),
  /** Of the local Entra. */
  authority: z.url(),
  /** PEM text of the certificate that the MCP URL answers with; absent over http. */
  certificate: z.string().optional(),
  /** Whose tokens the server accepts instead of the local Entra's, where the person has configured another. */
  otherAuthority: z.url().optional(),
});

/** Where the running stack answers: what the scripts need to know of it. */
export type StackFile = z.infer<typeof stackSchema>;

/** In the data folder: whose it is while a stack runs, and from its banner on where that answers. */
export const stackFileName = 'running.json';

function readJson(dataDir: string): unknown {
  try {
    return JSON.parse(readFileSync(join(dataDir, stackFileName), 'utf8'));
  } catch {
    return undefined;
  }
}

function readOwner(dataDir: string): number | undefined {
  return claimSchema.safeParse(readJson(dataDir)).data?.pid;
}

/** Whether another process has the id; one that had this process' own is gone, as in a container that starts again. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return readCode(error) === 'EPERM';
  }
}

/**
 * Makes the data folder this process' own until `removeStackFile`; a claim whose process is gone does not count.
 * Throws Failure where another stack runs with it: two would overwrite each other's data.
 */
export async function claimDataDir(dataDir: string): Promise<void> {
  const path = join(dataDir, stackFileName);
  const owner = readOwner(dataDir);
  if (owner === undefined || !isOther(owner)) await rm(path, { force: true });
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid }), { flag: 'wx' });
  } catch (error) {
    if (readCode(error) !== 'EEXIST') throw error;
    const pid = readOwner(dataDir) ?? 'unknown';
    throw new Failure(
      `The local stack of ${dataDir} already runs (pid ${pid}); set DATA_DIR to another folder to run a second one. If that pid is something else, delete ${path}.`,
    );
  }
}

/** Tells, in the folder that this process has claimed, where its stack answers. */
export function writeStackFile(dataDir: string, stack: StackFile): void {
  const content = { pid: process.pid, ...stack };
  writeFileSync(join(dataDir, stackFileName), JSON.stringify(content, undefined, 2));
}

/** Gives the data folder up, unless it has become another process' own. */
export async function removeStackFile(dataDir: string): Promise<void> {
  if (readOwner(dataDir) === process.pid) await rm(join(dataDir, stackFileName), { force: true });
}

/**
 * Throws Failure where no local stack runs with this data folder, or one whose server accepts no token of the local
 * Entra.
 */
export function readStackFile(environment: NodeJS.ProcessEnv): StackFile {
  const dataDir = locateDataDir(environment);
  const owner = readOwner(dataDir);
  const { data: stack } = stackSchema.safeParse(readJson(dataDir));
  if (stack === undefined || owner === undefined || !isOther(owner)) {
    throw new Failure('The local stack is not running. Start it with "npm start" in another terminal.');
  }
  if (stack.otherAuthority !== undefined) {
    throw new Failure(
      `The server accepts tokens of ${stack.otherAuthority}, as your settings say, and none of the local Entra: sign in at your tenant. (For "npm run smoke", set its variables: "npm run smoke -- --help".)`,
    );
  }
  return stack;
}
