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
  /** What `func start` by hand needs in local.settings.json, where nothing was started to serve the app. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A `.vscode/mcp.json`. For the local Entra it asks for the token once and keeps it in VS Code's own secret store; at
 * the real one VS Code signs in by itself.
 */
export function composeVsCodeConfig(mcpUrl: string, { asksForToken }: { readonly asksForToken: boolean }) {
  const server = { type: 'http', url: mcpUrl };
  if (!asksForToken) return { servers: { 'entra-mcp': server } };
  return {
    inputs: [
      {
        type: 'promptString',
        id: 'mcp-token',
        description: 'Access token (npm run --silent token prints one)',
        password: true,
      },
    ],
    servers: { 'entra-mcp': { ...server, headers: { Authorization: 'Bearer ${input:mcp-token}' } } },
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
    '  Token      npm run --silent token   (npm run token -- --help: other users, faulty tokens)',
    '  Check      npm run smoke',
    `  Entra      ${entra.authority} (local; signs these accounts in)`,
    ...listAccounts(),
  ];
}

function describeTrust(path: string): string[] {
  return [
    `  TLS        trust ${path}`,
    `             curl --cacert ${path}`,
    `             NODE_EXTRA_CA_CERTS=${path}`,
  ];
}

/** A file for the person to fill: its name, then what to paste. */
function describeFile(name: string, content: object): string[] {
  const lines = JSON.stringify(content, undefined, 2).split('\n');
  return ['', `  ${name}`, ...lines.map((line) => `    ${line}`)];
}

/** What `npm start` says when everything answers. */
export function composeBanner(facts: BannerFacts): string {
  const { baseUrl, host, dataDir, untrustedCertificate, settings } = facts;
  const config = composeVsCodeConfig(`${baseUrl}/mcp`, { asksForToken: facts.entra.isLocal });
  return [
    '',
    `  MCP        ${baseUrl}/mcp`,
    `  Health     ${baseUrl}/health`,
    `  Docs       ${baseUrl}/docs`,
    ...describeTokens(facts),
    `  Host       ${host}`,
    `  Data       ${dataDir} (npm start -- --fresh begins anew)`,
    ...(untrustedCertificate === undefined ? [] : describeTrust(untrustedCertificate)),
    ...(settings === undefined
      ? []
      : describeFile('local.settings.json: the sample, with these values', { Values: settings })),
    ...describeFile('.vscode/mcp.json', config),
    '',
    '  Ctrl-C stops everything.',
    '',
    '',
  ].join('\n');
}
