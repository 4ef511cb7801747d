import './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  const services = globalThis.sharedServices;
  await Promise.all([
    services?.azurite.stop(),
    services?.entra.stop(),
    services?.identity.stop(),
    services?.vault.stop(),
  ]);
}
