import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { Failure } from '../../dev/failure.ts';
import { readJson, writePrivateJson } from '../../dev/private-file.ts';

const issued = z.object({ issuer: z.string() });

const signInSchema = z.object({
  mcpUrl: z.url(),
  /** Of the redirect URI that the client registered. */
  port: z.int().positive(),
  client: z.looseObject({ ...issued.shape, client_id: z.string() }).optional(),
  tokens: z.looseObject({ ...issued.shape, access_token: z.string(), token_type: z.string() }).optional(),
});

/** What is kept of one MCP server: who this program is there, and as whom it is signed in. */
export interface SignIn {
  readonly mcpUrl: string;
  readonly port: number;
  readonly client?: StoredOAuthClientInformation;
  readonly tokens?: StoredOAuthTokens;
}

/** One file, readable by its owner only (0600 in a folder of 0700; Windows keeps its own rules). */
export interface SignInFile {
  readonly path: string;
  /** Undefined where there is none. Throws Failure on one that this program has not written. */
  read(): SignIn | undefined;
  write(signIn: SignIn): void;
  remove(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** APPDATA on Windows, elsewhere XDG_CONFIG_HOME, which has to be absolute, or `~/.config`. */
function locateConfigDir({ APPDATA, XDG_CONFIG_HOME }: Environment): string {
  const chosen = process.platform === 'win32' ? APPDATA : XDG_CONFIG_HOME;
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), '.config');
  return join(base, 'entra-mcp');
}

/** The file of an MCP server: each URL has its own. */
export function openSignInFile(mcpUrl: URL, environment: Environment): SignInFile {
  const digest = createHash('sha256').update(mcpUrl.href).digest('hex').slice(0, 12);
  const path = join(
    locateConfigDir(environment),
    `${mcpUrl.hostname.replace(/[^\w.-]/g, '_')}-${digest}.json`,
  );
  return {
    path,
    read() {
      try {
        return signInSchema.optional().parse(readJson(path)) as SignIn | undefined;
      } catch (cause) {
        throw new Failure(`${path} is damaged: delete it, and sign in again`, { cause });
      }
    },
    write(signIn) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      chmodSync(dirname(path), 0o700);
      writePrivateJson(path, signIn);
    },
    remove: () => rmSync(path, { force: true }),
  };
}
