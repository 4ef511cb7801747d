import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { isLoopback } from '../src/loopback.ts';
import { describeFailure, Failure } from './failure.ts';

const projectRoot = resolve(import.meta.dirname, '..');

const settingsSchema = z.object({
  IsEncrypted: z.literal(false, 'must be false (run "func settings decrypt")').optional(),
  Values: z.record(z.string(), z.string('must be text, in quotes')),
});

type Values = Readonly<Record<string, string>>;

function readSettings(path: string): Values {
  try {
    const parsed = settingsSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (parsed.success) return parsed.data.Values;
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  } catch (error) {
    throw new Failure(`${path} cannot be used: ${describeFailure(error)}`);
  }
}

/**
 * What the person wrote into local.settings.json, without the values that still are the sample's: those are the local
 * stack's own, and would pin ports and scheme that may have been changed since.
 */
export function readLocalSettings(folder: string = projectRoot): Values {
  const path = join(folder, 'local.settings.json');
  if (!existsSync(path)) return {};
  const sample = readSettings(join(projectRoot, 'local.settings.sample.json'));
  return Object.fromEntries(
    Object.entries(readSettings(path)).filter(([name, value]) => value !== sample[name]),
  );
}

/** What the local stack offers to the app and to its host, by the names of their settings. */
export interface StackValues {
  readonly FUNCTIONS_WORKER_RUNTIME: string;
  readonly AzureWebJobsStorage: string;
  readonly PUBLIC_BASE_URL: string;
  readonly ENTRA_AUTHORITY: string;
  readonly ENTRA_TENANT_ID: string;
  readonly ENTRA_AUDIENCES: string;
  readonly ENTRA_CLIENT_ID: string;
  readonly TABLES_CONNECTION_STRING: string;
  readonly KEY_VAULT_URL: string;
  readonly IDENTITY_ENDPOINT: string;
  readonly IDENTITY_HEADER: string;
  /** Path of the certificates that the app's own process is to trust: the vault's is nobody's but the stack's. */
  readonly NODE_EXTRA_CA_CERTS: string;
}

/**
 * What names the storage emulator without a key that reaches another one: today's has a key and ports of its own, and
 * `--no-host` hands them out for local.settings.json.
 */
const ownEmulator =
  /^UseDevelopmentStorage=true;?$|\bAccountName=devstoreaccount1;AccountKey=(?!Eby8vdM02xNO)/;
const storageNames = ['AzureWebJobsStorage', 'TABLES_CONNECTION_STRING'];

/** Whether the tables or the vault are somebody's in Azure: they are read with that person's own sign-in. */
function hasOwnIdentity({ TABLES_URL, KEY_VAULT_URL }: NodeJS.ProcessEnv): boolean {
  const vault = KEY_VAULT_URL ? URL.parse(KEY_VAULT_URL) : null;
  return Boolean(TABLES_URL) || (vault !== null && !isLoopback(vault));
}

/** Where nothing is left of the stack that the proxy needs and the person gives nothing instead, there is none. */
function chooseProxy(own: NodeJS.ProcessEnv, ownEntra: boolean, ownIdentity: boolean) {
  const lacksClient = ownEntra && !own.ENTRA_CLIENT_ID;
  const lacksVault = ownIdentity && !own.KEY_VAULT_URL;
  return lacksClient || lacksVault ? { OAUTH_PROXY: 'off' } : {};
}

/**
 * The environment of the app: the stack's values, below local.settings.json, below the person's own environment.
 * What belongs together is replaced together: another tenant or authority takes none of the local Entra's values,
 * TABLES_URL none of Azurite's, and TABLES_URL or a vault in Azure neither vault nor identity. The emulator, and a
 * vault on this machine, are always the stack's.
 */
export function composeEnvironment(
  stack: StackValues,
  settings: Values,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = Object.fromEntries(
    Object.entries({ ...settings, ...environment }).filter(
      ([name, value = '']) => !(storageNames.includes(name) && ownEmulator.test(value)),
    ),
  );
  const { ENTRA_AUTHORITY, ENTRA_TENANT_ID, ENTRA_AUDIENCES, ENTRA_CLIENT_ID, ...others } = stack;
  const { KEY_VAULT_URL, IDENTITY_ENDPOINT, IDENTITY_HEADER, NODE_EXTRA_CA_CERTS, ...more } = others;
  const { TABLES_CONNECTION_STRING, ...rest } = more;
  const hasOwnEntra =
    (own.ENTRA_TENANT_ID ?? ENTRA_TENANT_ID) !== ENTRA_TENANT_ID ||
    (own.ENTRA_AUTHORITY ?? ENTRA_AUTHORITY) !== ENTRA_AUTHORITY;
  const ownIdentity = hasOwnIdentity(own);
  return {
    ...rest,
    ...(!hasOwnEntra && { ENTRA_AUTHORITY, ENTRA_TENANT_ID, ENTRA_AUDIENCES, ENTRA_CLIENT_ID }),
    ...(!own.TABLES_URL && { TABLES_CONNECTION_STRING }),
    ...chooseProxy(own, hasOwnEntra, ownIdentity),
    ...own,
    ...(!ownIdentity && {
      KEY_VAULT_URL,
      IDENTITY_ENDPOINT,
      IDENTITY_HEADER,
      NODE_EXTRA_CA_CERTS,
      // The local identity has no other name.
      AZURE_CLIENT_ID: '',
    }),
  };
}

/** The stack's values that a copy of the sample needs for `func start` by hand: those that are others there. */
export function listChangedSettings(stack: StackValues): Values {
  const sample = readSettings(join(projectRoot, 'local.settings.sample.json'));
  return Object.fromEntries(Object.entries(stack).filter(([name, value]) => value !== sample[name]));
}
