import { Failure } from '../../dev/failure.ts';
import { keyNames, makeKey, type KeyName } from '../../dev/key-vault/make-key.ts';
import type { SecretName } from '../../src/stores/secrets.ts';
import type { RestApi } from './rest-api.ts';

/** The secrets of a vault, which can be made here and never read. */
export interface Vault {
  has(name: SecretName): Promise<boolean>;
  /** Previous versions stay enabled: what they signed or sealed goes on being good. */
  addVersion(name: KeyName): Promise<void>;
}

const apiVersion = '2024-11-01';
const vaultId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/[\w-]+$/i;

/**
 * The vault through Azure Resource Manager: who may deploy it may make its secrets, without a role that reads them,
 * and also where only private endpoints reach the vault.
 * @param id resource id. Throws Failure.
 */
export function createVault(api: RestApi, id: string): Vault {
  if (!vaultId.test(id)) throw new Failure('AZURE_KEY_VAULT_ID is not the resource id of a vault');
  const pathOf = (name: SecretName) => `${id}/secrets/${name}?api-version=${apiVersion}`;
  return {
    has: async (name) => (await api.send('GET', pathOf(name))) !== undefined,
    async addVersion(name) {
      const body = { properties: { value: makeKey(name), attributes: { enabled: true } } };
      const made = await api.send('PUT', pathOf(name), body);
      if (made === undefined) throw new Failure(`The vault ${id} is not there`);
    },
  };
}

/** Makes the keys that do not exist yet; those that do are left alone, or everyone would be signed out. */
export async function seedKeys(vault: Vault, tell: (line: string) => void): Promise<void> {
  for (const name of keyNames) {
    const exists = await vault.has(name);
    if (!exists) await vault.addVersion(name);
    tell(`${name}: ${exists ? 'is there' : 'made'}`);
  }
}
