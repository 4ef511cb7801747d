/** The secrets of this server, by their names in Key Vault. */
export const secretNames = [
  'session-signing-key',
  'cookie-key',
  'encryption-key',
  'entra-client-secret',
] as const;

export type SecretName = (typeof secretNames)[number];

/** One version of a secret. */
export interface SecretVersion {
  /** Names the version, and is no secret itself. */
  readonly id: string;
  readonly value: string;
}

export interface Secrets {
  /**
   * The enabled versions, newest first, at least one. From a cache that is at most some minutes behind the vault and
   * outlives its outages.
   * @throws AppError `secrets_unavailable` when the vault does not answer and the cache has nothing fresh enough,
   *   `secret_missing` when there is no enabled version
   */
  read(name: SecretName): Promise<readonly SecretVersion[]>;
  /**
   * Looks at the vault again: for what carries the mark of a version that is not known here yet. Undefined when it was
   * asked moments ago, so that whether there is such a version cannot be told yet.
   * @throws AppError `secrets_unavailable` when the vault does not answer, `secret_missing` as `read`
   */
  refresh(name: SecretName): Promise<readonly SecretVersion[] | undefined>;
}
