import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DOMParser, onWarningStopParsing, type Element } from '@xmldom/xmldom';
import { createApp } from '../../src/app.ts';
import { createProxyEnvironment } from '../support/server.ts';
import { descendants, infraRoot, nameOf, parseBicep, properties, readInfra } from './bicep.ts';

const files = readdirSync(join(infraRoot, 'app/policies'));
const gateway = parseBicep('app/api-management.bicep');

/** The root of a policy; throws where the document is not well-formed. */
function readPolicy(file: string): Element {
  const parser = new DOMParser({ onError: onWarningStopParsing });
  const { documentElement } = parser.parseFromString(readInfra(`app/policies/${file}`), 'text/xml');
  if (documentElement === null) throw new Error(`${file} is empty`);
  return documentElement;
}

function all(element: Element, name: string): Element[] {
  return [...element.getElementsByTagName(name)];
}

function attributesOf(element: Element | undefined): Record<string, string> {
  return Object.fromEntries([...(element?.attributes ?? [])].map(({ name, value }) => [name, value]));
}

function childNames(element: Element | undefined): string[] {
  return [...(element?.childNodes ?? [])]
    .filter(({ nodeType }) => nodeType === 1)
    .map(({ nodeName }) => nodeName);
}

describe.each(files)('the policy %s', (file) => {
  const policy = readPolicy(file);

  it('is well-formed, with the four sections of a policy', () => {
    expect(policy.tagName).toBe('policies');
    expect(childNames(policy)).toEqual(['inbound', 'backend', 'outbound', 'on-error']);
  });

  it('reads and writes no body of the server', () => {
    expect(readInfra(`app/policies/${file}`)).not.toMatch(
      /\.Body|find-and-replace|log-to-eventhub|<trace|send-request/,
    );
    const [outbound] = all(policy, 'outbound');
    expect(childNames(outbound)).toEqual(['base']);
  });

  it('names values that the template gives', () => {
    const used = [...readInfra(`app/policies/${file}`).matchAll(/\{\{([\w-]+)\}\}/g)].map(
      ([, name]) => name ?? '',
    );
    const declaration = descendants(gateway, 'variable_declaration').find(
      (one) => nameOf(one) === 'namedValues',
    );
    const given = [...properties(descendants(declaration ?? gateway, 'object')[0] ?? gateway).keys()];
    expect(used.filter((name) => !given.includes(name))).toEqual([]);
  });
});

describe('the gateway', () => {
  it('holds nothing back: no buffering, and a deadline beyond Azure’s own', () => {
    const [forward, ...others] = all(readPolicy('api.xml'), 'forward-request');
    expect(others).toEqual([]);
    expect(attributesOf(forward)).toEqual({
      timeout: '240',
      'buffer-request-body': 'false',
      'buffer-response': 'false',
      'fail-on-error-status-code': 'false',
    });
  });

  it('challenges with the place of the metadata on every 401 of its own', () => {
    const policy = readPolicy('bearer.xml');
    const refusals = [
      ...all(policy, 'return-response'),
      ...all(policy, 'on-error').flatMap((section) => all(section, 'when')),
    ];
    expect(refusals).toHaveLength(2);
    for (const refusal of refusals) {
      const header = all(refusal, 'set-header').find(
        (one) => one.getAttribute('name') === 'WWW-Authenticate',
      );
      const value = header?.textContent ?? '';
      expect(value).toContain('{{mcp-public-base-url}}/.well-known/oauth-protected-resource/mcp');
      expect(value).toContain('scope=');
    }
    const statuses = all(policy, 'set-status').map((one) => one.getAttribute('code'));
    expect(statuses).toEqual(['401']);
  });

  it('checks Entra’s tokens for this tenant and this API, and answers 401 to others', () => {
    const policy = readPolicy('bearer.xml');
    const [validate] = all(policy, 'validate-azure-ad-token');
    expect(attributesOf(validate)).toMatchObject({
      'tenant-id': '{{mcp-tenant-id}}',
      'failed-validation-httpcode': '401',
    });
    const audiences = all(policy, 'audience').map(({ textContent }) => textContent);
    expect(audiences).toEqual(['{{mcp-api-client-id}}', '{{mcp-api-identifier-uri}}']);
  });

  it('limits each user, and does not count what the server refuses', () => {
    const [limit] = all(readPolicy('bearer.xml'), 'rate-limit-by-key');
    expect(attributesOf(limit)).toMatchObject({ calls: '{{mcp-calls-per-minute}}', 'renewal-period': '60' });
    expect(attributesOf(limit)['counter-key']).toContain('"oid"');
    expect(attributesOf(limit)['increment-condition']).toBe('@(context.Response.StatusCode != 401)');
  });

  it('asks for a token on exactly the routes that need one', () => {
    const { routes } = createApp(createProxyEnvironment(), { sink: () => undefined });
    const wanted = routes
      .filter(({ access }) => access === 'bearer')
      .flatMap(({ path, methods }) => methods.map((method) => `${method} ${path}`))
      .filter((route) => !route.startsWith('OPTIONS'));
    const text = descendants(gateway, 'variable_declaration').find(
      (one) => nameOf(one) === 'bearerOperations',
    )?.text;
    const guarded = [...(text ?? '').matchAll(/method: '(\w+)'[\s,]+path: '([^']+)'/g)];
    expect(guarded.map(([, method, path]) => `${method ?? ''} ${path ?? ''}`).sort()).toEqual(wanted.sort());
  });

  it('logs neither bodies nor query strings nor headers', () => {
    const source = readInfra('app/api-management.bicep');
    expect(source).toContain('frontend: quiet');
    expect(source).toContain('backend: quiet');
    const bytes = [...source.matchAll(/bytes: (\d+)/g)].map(([, count]) => count);
    expect(bytes).toEqual(['0']);
    expect(source).toMatch(/queryParams: \[\{ value: '\*', mode: 'Hide' \}\]/);
    expect(source).not.toMatch(/headers: \[\s*'/);
  });

  it('serves the root, and with it /.well-known', () => {
    expect(readInfra('app/api-management.bicep')).toMatch(/resource api 'apis' = \{[^}]*path: ''/);
  });
});
