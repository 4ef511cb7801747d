import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Language, Parser, type Node } from 'web-tree-sitter';

export const projectRoot = join(import.meta.dirname, '../..');
export const infraRoot = join(projectRoot, 'infra');

export function readInfra(path: string): string {
  return readFileSync(join(infraRoot, path), 'utf8');
}

/** Every Bicep file, relative to infra/. */
export const bicepFiles: readonly string[] = readdirSync(infraRoot, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.bicep'))
  .sort();

const grammar = createRequire(import.meta.url).resolve('tree-sitter-bicep/tree-sitter-bicep.wasm');
await Parser.init();
const parser = new Parser().setLanguage(await Language.load(grammar));

/** The tree of a file. The grammar is older than `extension`, whose lines are left out. */
export function parseBicep(path: string): Node {
  const source = readInfra(path).replace(/^extension \w+$/gm, '');
  const tree = parser.parse(source);
  if (tree === null) throw new Error(`${path} was not parsed`);
  return tree.rootNode;
}

export function descendants(node: Node, ...types: readonly string[]): Node[] {
  return node.descendantsOfType([...types]);
}

/** The node and everything above it. */
export function lineage(node: Node): Node[] {
  return node.parent === null ? [node] : [node, ...lineage(node.parent)];
}

/** Name of what a declaration declares, a loop's variable or a lambda's parameter included. */
export function nameOf(declaration: Node): string {
  return descendants(declaration, 'identifier')[0]?.text ?? '';
}

/** The key of a property, without quotes. */
export function keyOf(property: Node): string {
  return (property.namedChildren[0]?.text ?? '').replace(/^'|'$/g, '');
}

export function valueOf(property: Node): Node {
  const value = property.namedChildren[1];
  if (value === undefined) throw new Error(`${property.text} has no value`);
  return value;
}

/** Properties of an object, by key. */
export function properties(object: Node): Map<string, Node> {
  const own = object.namedChildren.filter((child) => child.type === 'object_property');
  return new Map(own.map((property) => [keyOf(property), valueOf(property)]));
}

/** The object that a declaration of this kind and name has as its body. */
export function bodyOf(root: Node, type: string, name: string): Node {
  const declaration = descendants(root, type).find((candidate) => nameOf(candidate) === name);
  const body = declaration && descendants(declaration, 'object')[0];
  if (body === undefined) throw new Error(`there is no ${type} ${name}`);
  return body;
}

export interface BicepParameter {
  readonly name: string;
  /** The text of its default; undefined where it must be given. */
  readonly default: string | undefined;
}

export function parametersOf(root: Node): BicepParameter[] {
  return descendants(root, 'parameter_declaration').map((declaration) => ({
    name: nameOf(declaration),
    default: /=\s*([\s\S]+)$/.exec(declaration.text)?.[1]?.trim(),
  }));
}

/** A module's path, relative to infra/, by the file that uses it. */
export function modulePath(from: string, declaration: Node): string {
  const path = descendants(declaration, 'string')[0]?.text.replaceAll("'", '') ?? '';
  return join(dirname(from), path).replaceAll('\\', '/');
}
