import { homeTenant, users, type User } from './entra/directory.ts';

export interface BannerFacts {
  /** Origin under which clients reach the server. */
  readonly baseUrl: string;
  /** Which host runs the app. */
  readonly host: string;
  /** Where tokens come from, and whether that is the local Entra with its accounts. */
  readonly entra: { readonly authority: string; readonly isLocal: boolean };
  readonly dataDir: string;
  /** Path of a certificate that nobody trusts yet. */
  readonly untrustedCertificate?: string;
}

/** A `.vscode/mcp.json` that asks for the token once and keeps it in VS Code's own secret store. */
export function composeVsCodeConfig(mcpUrl: string) {
  return {
    inputs: [
      {
        type: 'promptString',
        id: 'mcp-token',
        description: 'Access token (npm run token prints one)',
        password: true,
      },
    ],
    servers: {
      'entra-mcp-local': {
        type: 'http',
        url: mcpUrl,
        headers: { Authorization: 'Bearer ${input:mcp-token}' },
      },
    },
  };
}

function listAccounts(): string[] {
  const people: readonly User[] = Object.values(users);
  return people.map(({ username, password, tenantId }) => {
    const note = tenantId === homeTenant.id ? '' : '  (another tenant: refused)';
    return `    ${username.padEnd(24)} ${password}${note}`;
  });
}

function describeTokens({ entra }: BannerFacts): string[] {
  if (!entra.isLocal) return [`  Entra      ${entra.authority} (from your own settings)`];
  return [
    '  Token      npm run token        (npm run token -- --help for other users and faulty tokens)',
    '  Check      npm run smoke',
    `  Entra      ${entra.authority} (local; signs these accounts in)`,
    ...listAccounts(),
  ];
}

/** What `npm start` says when everything answers. */
export function composeBanner(facts: BannerFacts): string {
  const { baseUrl, host, dataDir, untrustedCertificate } = facts;
  const config = JSON.stringify(composeVsCodeConfig(`${baseUrl}/mcp`), undefined, 2);
  return [
    '',
    `  MCP        ${baseUrl}/mcp`,
    `  Health     ${baseUrl}/health`,
    `  Docs       ${baseUrl}/docs`,
    ...describeTokens(facts),
    `  Host       ${host}`,
    `  Data       ${dataDir} (npm start -- --fresh begins anew)`,
    ...(untrustedCertificate === undefined
      ? []
      : [`  TLS        trust ${untrustedCertificate}, or set NODE_EXTRA_CA_CERTS to it for Node clients`]),
    '',
    '  .vscode/mcp.json',
    ...config.split('\n').map((line) => `    ${line}`),
    '',
    '  Ctrl-C stops everything.',
    '',
    '',
  ].join('\n');
}
