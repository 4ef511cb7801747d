import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { composeBanner, type BannerFacts } from '../../dev/banner.ts';
import { createVsCodeConfig } from '../../src/endpoints/vs-code-config.ts';

const facts: BannerFacts = {
  baseUrl: 'http://localhost:7071',
  host: 'the host',
  entra: { authority: 'http://127.0.0.1:7080', isLocal: true },
  signsIn: true,
  dataDir: '/somewhere/.data',
  dataDirWasChosen: false,
};

const vsCodeConfig = createVsCodeConfig('entra-mcp', 'http://localhost:7071/mcp', { asksForToken: false });

describe('the banner', () => {
  it('names every URL, the people, the commands, the host and the data folder', () => {
    const banner = composeBanner(facts);
    for (const text of [
      'http://localhost:7071/mcp',
      'it opens the browser, you press Allow and sign in',
      'http://localhost:7071/auth/login',
      'http://localhost:7071/health',
      'http://localhost:7071/docs',
      'http://127.0.0.1:7080',
      'npm run client',
      'npm run --silent token',
      'npm run smoke',
      'the host',
      '/somewhere/.data',
      'Ctrl-C',
    ]) {
      expect(banner).toContain(text);
    }
    expect(banner).toMatch(/alice@contoso\.example +local-password-alice\n/);
    expect(banner).toMatch(/carol@fabrikam\.example +local-password-carol {2}\(another tenant: refused\)\n/);
    expect(banner).not.toContain('TLS');
  });

  it('holds a configuration for VS Code that can be pasted as it is', () => {
    const pasted = /\.vscode\/mcp\.json\n(?<json>[^]*?)\n\n/.exec(composeBanner(facts))?.groups?.json;
    expect(JSON.parse(pasted ?? '')).toEqual(vsCodeConfig);
  });

  it('agrees with the .vscode/mcp.json of the repository', () => {
    const file = new URL('../../.vscode/mcp.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(vsCodeConfig);
  });

  it('asks for a token where the server signs nobody in', () => {
    const banner = composeBanner({ ...facts, signsIn: false });
    expect(banner).toContain('"Authorization": "Bearer ${input:mcp-token}"');
    expect(banner).not.toMatch(/auth\/login|Allow|npm run client/);
  });

  it('offers no accounts of the local Entra when another one signs in', () => {
    const banner = composeBanner({ ...facts, entra: { authority: 'https://login.example', isLocal: false } });
    expect(banner).toContain('https://login.example (from your own settings)');
    expect(banner).not.toMatch(/alice|npm run smoke|npm run --silent token|Authorization/);
    expect(banner).toContain('"entra-mcp": {');
  });

  it('gives commands that find this stack where its folder was chosen', () => {
    const banner = composeBanner({ ...facts, dataDirWasChosen: true });
    for (const command of [
      'npm run client',
      'npm run --silent token',
      'npm run smoke',
      'npm start -- --fresh',
    ]) {
      expect(banner).toContain(`DATA_DIR=/somewhere/.data ${command}`);
    }
  });

  it('says which certificate to trust, and how curl and Node do', () => {
    const banner = composeBanner({ ...facts, untrustedCertificate: '/x/localhost.crt' });
    for (const text of [
      'trust /x/localhost.crt',
      'curl --cacert /x/localhost.crt',
      'NODE_EXTRA_CA_CERTS=/x/localhost.crt',
    ]) {
      expect(banner).toContain(text);
    }
  });

  it('holds what "func start" by hand needs, where nothing serves the app', () => {
    const banner = composeBanner({ ...facts, settings: { AzureWebJobsStorage: 'storage' } });
    const pasted = /local\.settings\.json: .*\n(?<json>[^]*?)\n\n/.exec(banner)?.groups?.json;
    expect(JSON.parse(pasted ?? '')).toEqual({ Values: { AzureWebJobsStorage: 'storage' } });
  });
});
