import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
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
  readonly TABLES_CONNECTION_STRING: string;
}

/**
 * What names the storage emulator without a key that reaches another one: today's has a key and ports of its own, and
 * `--no-host` hands them out for local.settings.json.
 */
const ownEmulator =
  /^UseDevelopmentStorage=true;?$|\bAccountName=devstoreaccount1;AccountKey=(?!Eby8vdM02xNO)/;
const storageNames = ['AzureWebJobsStorage', 'TABLES_CONNECTION_STRING'];

/**
 * The environment of the app: the stack's values, below local.settings.json, below the person's own environment.
 * What belongs together is replaced together: another tenant or authority takes none of the local Entra's values, and
 * TABLES_URL none of Azurite's. The emulator is always the stack's.
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
  const { ENTRA_AUTHORITY, ENTRA_TENANT_ID, ENTRA_AUDIENCES, TABLES_CONNECTION_STRING, ...rest } = stack;
  const hasOwnEntra =
    (own.ENTRA_TENANT_ID ?? ENTRA_TENANT_ID) !== ENTRA_TENANT_ID ||
    (own.ENTRA_AUTHORITY ?? ENTRA_AUTHORITY) !== ENTRA_AUTHORITY;
  return {
    ...rest,
    ...(!hasOwnEntra && { ENTRA_AUTHORITY, ENTRA_TENANT_ID, ENTRA_AUDIENCES }),
    ...(!own.TABLES_URL && { TABLES_CONNECTION_STRING }),
    ...own,
  };
}

/** The stack's values that a copy of the sample needs for `func start` by hand: those that are others there. */
export function listChangedSettings(stack: StackValues): Values {
  const sample = readSettings(join(projectRoot, 'local.settings.sample.json'));
  return Object.fromEntries(Object.entries(stack).filter(([name, value]) => value !== sample[name]));
}
