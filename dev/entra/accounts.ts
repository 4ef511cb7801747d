import { findUser } from './directory.ts';
import type { User } from './directory.ts';
import { EntraRefusal } from './refusals.ts';
import { admits } from './tenancy.ts';

export interface Accounts {
  /** The user, unless disabled. */
  readonly find: (oid: string | undefined) => User | undefined;
  /** @throws EntraRefusal when the password is wrong, the account disabled or not of the tenant. */
  readonly authenticate: (username: string, password: string, tenant: string) => User;
  readonly setEnabled: (user: User, enabled: boolean) => void;
}

/** The directory's people and whether they may sign in; a restart enables everybody again. */
export function createAccounts(): Accounts {
  const disabled = new Set<string>();

  return {
    find(oid) {
      const user = findUser('oid', oid);
      return user === undefined || disabled.has(user.oid) ? undefined : user;
    },
    authenticate(username, password, tenant) {
      const user = findUser('username', username);
      if (user?.password !== password) throw new EntraRefusal('passwordWrong');
      if (disabled.has(user.oid)) throw new EntraRefusal('accountDisabled');
      if (!admits(tenant, user.tenantId)) throw new EntraRefusal('accountNotInTenant', tenant);
      return user;
    },
    setEnabled(user, enabled) {
      if (enabled) disabled.delete(user.oid);
      else disabled.add(user.oid);
    },
  };
}
