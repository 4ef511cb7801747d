import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { locateDataDir } from './data-dir.ts';
import { Failure } from './failure.ts';

const stackSchema = z.object({
  mcpUrl: z.url(),
  /** Of the local Entra. */
  authority: z.url(),
  /** PEM text of the certificate that the MCP URL answers with; absent over http. */
  certificate: z.string().optional(),
});

/** Where the running stack answers: what the scripts need to know of it. */
export type StackFile = z.infer<typeof stackSchema>;

const fileName = 'running.json';

export function writeStackFile(dataDir: string, stack: StackFile): void {
  writeFileSync(join(dataDir, fileName), JSON.stringify(stack, undefined, 2));
}

export async function removeStackFile(dataDir: string): Promise<void> {
  await rm(join(dataDir, fileName), { force: true });
}

/** Throws Failure where no local stack runs with this data folder. */
export function readStackFile(environment: NodeJS.ProcessEnv): StackFile {
  const path = join(locateDataDir(environment), fileName);
  try {
    return stackSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new Failure('The local stack is not running. Start it with "npm start" in another terminal.');
  }
}
