import './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  await Promise.all([globalThis.sharedServices?.azurite.stop(), globalThis.sharedServices?.entra.stop()]);
}
