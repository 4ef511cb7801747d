import { apps, homeTenant } from '../../dev/entra/directory.ts';
import type { TestServer } from './server.ts';
import { required } from './shared-services.ts';

/** What the smoke test needs to know of a server between the shared services. */
export function createSmokeEnvironment({ mcpUrl }: TestServer): Readonly<Record<string, string>> {
  return {
    MCP_URL: mcpUrl.href,
    ENTRA_AUTHORITY: required('TEST_ENTRA_AUTHORITY'),
    ENTRA_TENANT_ID: homeTenant.id,
    ENTRA_CLIENT_ID: apps.smoke.id,
    ENTRA_CLIENT_SECRET: apps.smoke.secret,
    SERVER_APP_ID_URI: apps.api.api.identifierUri,
  };
}
