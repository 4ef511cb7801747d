import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Node } from 'web-tree-sitter';
import {
  bicepFiles,
  bodyOf,
  descendants,
  infraRoot,
  lineage,
  modulePath,
  nameOf,
  parametersOf,
  parseBicep,
  properties,
  readInfra,
} from './bicep.ts';

const declarations = [
  'parameter_declaration',
  'variable_declaration',
  'resource_declaration',
  'module_declaration',
  'type_declaration',
];

/** Whether an identifier is a use of a symbol, and neither its declaration, a property's key nor a function's name. */
function isUse(identifier: Node, source: string): boolean {
  const { parent } = identifier;
  if (parent === null || source[identifier.endIndex] === '(') return false;
  const isFirst = parent.namedChildren[0]?.id === identifier.id;
  if (parent.type === 'object_property') return !isFirst;
  if (parent.type === 'resource_expression') return isFirst;
  return ![...declarations, 'output_declaration', 'lambda_expression', 'metadata_declaration'].includes(
    isFirst ? parent.type : '',
  );
}

function loopVariables(identifier: Node): string[] {
  return lineage(identifier)
    .filter(({ type }) => type === 'for_statement')
    .flatMap((loop) => {
      const variables = descendants(loop, 'loop_variable', 'loop_enumerator').map(({ text }) => text);
      return [...variables, ...loop.childrenForFieldName('initializer').map((node) => node.text)];
    });
}

/** Namespaces of Bicep’s own functions, and its types. */
const builtIns = ['az', 'sys', 'string', 'int', 'bool', 'object', 'array', 'resourceInput'];

describe.each(bicepFiles)('infra/%s', (file) => {
  const root = parseBicep(file);

  it('parses', () => {
    expect(root.hasError).toBe(false);
  });

  it('declares every symbol that it uses, once', () => {
    const declared = declarations.flatMap((type) => descendants(root, type).map(nameOf));
    const unknown = descendants(root, 'identifier')
      .filter((identifier) => isUse(identifier, root.text))
      .filter(({ text }) => !builtIns.includes(text))
      .filter((use) => !declared.includes(use.text) && !loopVariables(use).includes(use.text))
      .map(({ text, startPosition }) => `${startPosition.row + 1}: ${text}`);
    expect(unknown).toEqual([]);
    expect(declared).toEqual([...new Set(declared)]);
  });

  it('gives its modules every parameter that they need and no other', () => {
    for (const declaration of descendants(root, 'module_declaration')) {
      const path = modulePath(file, declaration);
      expect([path, existsSync(join(infraRoot, path))]).toEqual([path, true]);
      const body = properties(bodyOf(root, 'module_declaration', nameOf(declaration)));
      const given = [...properties(body.get('params') ?? declaration).keys()];
      const parameters = parametersOf(parseBicep(path));
      const needed = parameters.filter((parameter) => parameter.default === undefined);
      expect([path, needed.filter(({ name }) => !given.includes(name))]).toEqual([path, []]);
      expect(given.filter((name) => !parameters.some((parameter) => parameter.name === name))).toEqual([]);
    }
  });

  it('has no password, key or secret in an output', () => {
    const outputs = descendants(root, 'output_declaration').map(({ text }) => text);
    expect(outputs.filter((text) => /listKeys|listSecrets|secret|password|accessKey/i.test(text))).toEqual(
      [],
    );
  });
});

describe('infra/main.parameters.json', () => {
  const { parameters } = JSON.parse(readInfra('main.parameters.json')) as {
    parameters: Record<string, { value: string }>;
  };
  const declared = parametersOf(parseBicep('main.bicep'));

  it('prompts for nothing but the environment and its region', () => {
    const prompted = declared.filter((parameter) => parameter.default === undefined);
    expect(prompted.map(({ name }) => name)).toEqual(['environmentName', 'location']);
  });

  it('names parameters of the template only, and each variable once', () => {
    const names = declared.map(({ name }) => name);
    expect(Object.keys(parameters).filter((name) => !names.includes(name))).toEqual([]);
    const variables = Object.values(parameters).map(({ value }) => /^\$\{(\w+)/.exec(value)?.[1]);
    expect(variables).toEqual([...new Set(variables)]);
  });

  it('has the defaults of the template', () => {
    // What is computed, or empty, has no default that could be written here.
    const literal = declared.filter(
      ({ name, default: value = '' }) => name in parameters && /^('[^$']+'|\w+)$/.test(value),
    );
    expect(literal.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['oauthProxy', 'instanceMemoryMB']),
    );
    for (const { name, default: value = '' } of literal) {
      const given = parameters[name]?.value;
      expect([name, given]).toEqual([name, expect.stringMatching(`=${value.replaceAll("'", '')}}$`)]);
    }
  });

  it('lets everything be chosen that the template lets be chosen', () => {
    const fixed = declared.map(({ name }) => name).filter((name) => !(name in parameters));
    expect(fixed).toEqual(['displayName', 'apiManagementPublisherEmail']);
  });
});
