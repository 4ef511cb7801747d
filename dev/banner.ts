import { createVsCodeConfig } from '../src/endpoints/vs-code-config.ts';
import { homeTenant, users, type User } from './entra/directory.ts';

export interface BannerFacts {
  /** Origin under which clients reach the server. */
  readonly baseUrl: string;
  /** Which host runs the app. */
  readonly host: string;
  /** Where people sign in, and whether that is the local Entra with its accounts. */
  readonly entra: { readonly authority: string; readonly isLocal: boolean };
  /** Whether the server signs clients in itself, so that its URL is all that they need. */
  readonly signsIn: boolean;
  readonly dataDir: string;
  /** Whether DATA_DIR named it. */
  readonly dataDirWasChosen: boolean;
  /** Path of a certificate that nobody trusts yet. */
  readonly untrustedCertificate?: string;
  /** What `func start` by hand needs in local.settings.json, where nothing was started to serve the app. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A command for this stack: one whose folder was chosen is found by that folder alone. */
function commandFor({ dataDir, dataDirWasChosen }: BannerFacts, command: string): string {
  return dataDirWasChosen ? `DATA_DIR=${dataDir} ${command}` : command;
}

function listAccounts(): string[] {
  const people: readonly User[] = Object.values(users);
  return people.map(({ username, password, tenantId }) => {
    const note = tenantId === homeTenant.id ? '' : '  (another tenant: refused)';
    return `    ${username.padEnd(24)} ${password}${note}`;
  });
}

/** What a client does with the URL alone, and how to look at it without one. */
function describeSignIn(facts: BannerFacts): string[] {
  if (!facts.signsIn) return [];
  return [
    '             All that a client is given: it opens the browser, you press Allow and sign in.',
    `  Sign in    ${facts.baseUrl}/auth/login   (without a client: who you are, and a token to paste)`,
    `  Client     ${commandFor(facts, 'npm run client')}   (signs you in, lists and calls tools)`,
  ];
}

function describeEntra(facts: BannerFacts): string[] {
  const { entra } = facts;
  if (!entra.isLocal) return [`  Entra      ${entra.authority} (from your own settings)`];
  return [
    `  Entra      ${entra.authority} (local; signs these people in)`,
    ...listAccounts(),
    `  Check      ${commandFor(facts, 'npm run smoke')}`,
    `  Token      ${commandFor(facts, 'npm run --silent token')}   (npm run token -- --help: other users, faulty tokens)`,
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
  const config = createVsCodeConfig('entra-mcp', `${baseUrl}/mcp`, {
    asksForToken: facts.entra.isLocal && !facts.signsIn,
  });
  return [
    '',
    `  MCP        ${baseUrl}/mcp`,
    ...describeSignIn(facts),
    `  Health     ${baseUrl}/health`,
    `  Docs       ${baseUrl}/docs`,
    ...describeEntra(facts),
    `  Host       ${host}`,
    `  Data       ${dataDir} (${commandFor(facts, 'npm start -- --fresh')} begins anew)`,
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
