import type { SecretName, Secrets, SecretVersion } from '../stores/secrets.ts';

/**
 * Checks for `/health`, one for each needed secret, so that it names the one that fails: `secret_cookie-key`.
 * @param validate throws, or rejects with, the AppError that says what is wrong with the newest version
 */
export function createSecretChecks(
  secrets: Pick<Secrets, 'read'>,
  needed: readonly SecretName[],
  validate: (name: SecretName, newest: SecretVersion) => void | Promise<void> = () => undefined,
): Readonly<Record<string, () => Promise<void>>> {
  return Object.fromEntries(
    needed.map((name) => [
      `secret_${name}`,
      async () => {
        const [newest] = await secrets.read(name);
        if (newest !== undefined) await validate(name, newest);
      },
    ]),
  );
}
