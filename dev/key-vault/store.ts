import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson, writePrivateJson } from '../private-file.ts';

const versionSchema = z.object({
  /** 32 hexadecimal digits. */
  id: z.string(),
  value: z.string(),
  enabled: z.boolean(),
  /** Seconds since the epoch, like all times of a vault. */
  created: z.int(),
  updated: z.int(),
  /** Not before. */
  nbf: z.int().optional(),
  /** Expiry. */
  exp: z.int().optional(),
});
const secretsSchema = z.record(z.string(), z.array(versionSchema));

export type StoredVersion = z.infer<typeof versionSchema>;

/** What a caller may say of a version, in the names of the protocol. */
export const attributesSchema = z.object({
  enabled: z.boolean().optional(),
  nbf: z.int().optional(),
  exp: z.int().optional(),
});
export type Attributes = z.infer<typeof attributesSchema>;

/** The secrets, each with its versions, the oldest first; an unknown name has none. */
export interface SecretStore {
  versions(name: string): readonly StoredVersion[];
  add(name: string, value: string, attributes?: Attributes): StoredVersion;
  /** Undefined where there is no such version. */
  change(name: string, id: string, attributes: Attributes): StoredVersion | undefined;
  remove(name: string): void;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

function withoutUndefined<T extends object>(
  values: T,
): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}

/** Keeps the secrets in `secrets.json` of the folder, seeded when there is no such file yet; without one in memory. */
export function openSecretStore(
  dataDir: string | undefined,
  seed: () => Readonly<Record<string, string>>,
): SecretStore {
  const path = dataDir === undefined ? undefined : join(dataDir, 'secrets.json');
  const stored = path === undefined ? undefined : readJson(path);
  const secrets = new Map(Object.entries(secretsSchema.parse(stored ?? {})));

  function keep(): void {
    if (path !== undefined) writePrivateJson(path, Object.fromEntries(secrets));
  }

  const store: SecretStore = {
    versions: (name) => secrets.get(name) ?? [],
    add(name, value, attributes = {}) {
      const earlier = store.versions(name);
      // Whole seconds order the versions: two of one second would have no order.
      const created = Math.max(nowSeconds(), (earlier.at(-1)?.created ?? 0) + 1);
      const id = randomBytes(16).toString('hex');
      const version = {
        id,
        value,
        enabled: true,
        created,
        updated: created,
        ...withoutUndefined(attributes),
      };
      secrets.set(name, [...earlier, version]);
      keep();
      return version;
    },
    change(name, id, attributes) {
      const versions = store.versions(name);
      const old = versions.find((version) => version.id === id);
      if (old === undefined) return undefined;
      const changed = { ...old, ...withoutUndefined(attributes), updated: nowSeconds() };
      secrets.set(
        name,
        versions.map((version) => (version === old ? changed : version)),
      );
      keep();
      return changed;
    },
    remove(name) {
      secrets.delete(name);
      keep();
    },
  };
  if (stored === undefined) for (const [name, value] of Object.entries(seed())) store.add(name, value);
  return store;
}
