import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { preregisteredClients, redirectUriPattern } from '../src/config/values.ts';
import { normalizeClientMetadata } from '../src/oauth/client-metadata.ts';
import { isAllowedRedirect } from '../src/oauth/redirect-uris.ts';
import { clientFixtures } from './oauth/clients/index.ts';

const folder = join(import.meta.dirname, '../docs/clients');
const ownOrigin = 'https://server.example.com';

/** Pages of clients that sign people in, and the names that the clients of the tests begin with. */
const pages = {
  'chatgpt.md': 'ChatGPT',
  'claude-code.md': 'Claude Code',
  'claude.md': 'Claude',
  'codex.md': 'Codex',
  'cursor.md': 'Cursor',
  'gemini-cli.md': 'Gemini CLI',
  'mcp-inspector.md': 'MCP Inspector',
  'vs-code.md': 'VS Code',
  'your-own-agent.md': 'mcp-remote',
};

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

function readAllowed(page: string): string[] {
  return (/^OAUTH_ALLOWED_REDIRECT_URIS=(.+)$/m.exec(page)?.[1] ?? '').split(',');
}

it('there is a page for each client, and the README links to it', () => {
  const files = readdirSync(folder).sort();
  expect(files).toEqual([...Object.keys(pages), 'ci-and-daemons.md'].sort());
  const readme = readFileSync(join(folder, '../../README.md'), 'utf8');
  expect(files.filter((file) => !readme.includes(`(docs/clients/${file})`))).toEqual([]);
});

describe.each(Object.entries(pages))('docs/clients/%s', (file, name) => {
  const page = read(file);

  it('has redirect URIs to allow that the settings take and that let the client in', () => {
    const allowed = readAllowed(page);
    expect(allowed.filter((uri) => !redirectUriPattern.safeParse(uri).success)).toEqual([]);
    const fixtures = clientFixtures.filter(
      (fixture) =>
        (fixture.name === name ||
          fixture.name.startsWith(`${name},`) ||
          fixture.name.startsWith(`${name} in `)) &&
        fixture.registers !== 'listed',
    );
    expect(fixtures.length).toBeGreaterThan(0);
    for (const { metadata, redirectUri, registers } of fixtures) {
      expect(isAllowedRedirect(redirectUri, allowed)).toBe(true);
      const policy = { allowed, ownOrigin };
      const normalize = () =>
        registers === 'document'
          ? normalizeClientMetadata(metadata, 'document', policy)
          : normalizeClientMetadata(metadata, 'registered', policy);
      expect(normalize).not.toThrow();
    }
  });

  it('has an entry for OAUTH_PREREGISTERED_CLIENTS that the server takes', () => {
    const entries = [...page.matchAll(/```json\n(\[[^`]*\])\n```/g)].map(([, json]) => json ?? '');
    expect(entries).toHaveLength(1);
    for (const client of preregisteredClients.parse(entries[0])) {
      const policy = { allowed: readAllowed(page), ownOrigin };
      expect(normalizeClientMetadata(client, 'listed', policy)).toMatchObject({
        redirect_uris: client.redirect_uris,
      });
    }
  });

  it('says where it was tried, what goes wrong, and how to leave', () => {
    expect(page).toMatch(/^# .+\n\n_.*(tried|tested).*_\n/i);
    for (const heading of [
      'Connect',
      'What you see',
      'How it registers',
      'Register it beforehand',
      'When it fails',
      'Disconnect',
    ]) {
      expect(page).toContain(`\n## ${heading}\n`);
    }
  });
});
