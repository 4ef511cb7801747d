import { Hono, type Context } from 'hono';
import * as z from 'zod';
import { badParameter, secretNotFound, VaultRefusal } from './refusals.ts';
import { attributesSchema, type SecretStore, type StoredVersion } from './store.ts';

const namePattern = /^[0-9a-zA-Z-]{1,127}$/;
/** Most of a list's entries in one answer. */
const maxPage = 25;

const setSchema = z.object({
  value: z.string(),
  contentType: z.string().optional(),
  attributes: attributesSchema.optional(),
});
const updateSchema = z.object({ attributes: attributesSchema.optional() });

async function readBody<T extends z.ZodType>(context: Context, schema: T): Promise<z.infer<T>> {
  const parsed = schema.safeParse(await context.req.json().catch(() => undefined));
  if (!parsed.success) throw badParameter('The request body is not valid.');
  return parsed.data;
}

function readName(context: Context): string {
  const name = context.req.param('name') ?? '';
  if (!namePattern.test(name)) {
    throw badParameter(
      'The request URI contains an invalid name. It must be 1 to 127 letters, digits and hyphens.',
    );
  }
  return name;
}

function describeVersion(url: string, name: string, version: StoredVersion) {
  const { id, enabled, created, updated, nbf, exp } = version;
  const attributes = {
    enabled,
    ...(nbf !== undefined && { nbf }),
    ...(exp !== undefined && { exp }),
    created,
    updated,
    recoveryLevel: 'Purgeable',
  };
  return { id: `${url}/secrets/${name}/${id}`, attributes };
}

function bundle(url: string, name: string, version: StoredVersion) {
  return { value: version.value, ...describeVersion(url, name, version) };
}

/** A page of the versions, sorted by their ids, as a vault has no other order for them. An unknown name has none. */
function listVersions(context: Context, url: string, store: SecretStore) {
  const name = readName(context);
  const { maxresults = String(maxPage), $skiptoken: skip = '' } = context.req.query();
  const size = Number(maxresults);
  if (!Number.isInteger(size) || size < 1 || size > maxPage) throw badParameter('maxresults is invalid.');
  const rest = store
    .versions(name)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .filter(({ id }) => id > skip);
  const page = rest.slice(0, size);
  const query = new URLSearchParams({
    'api-version': context.req.query('api-version') ?? '',
    $skiptoken: page.at(-1)?.id ?? '',
    maxresults: String(size),
  });
  return context.json({
    value: page.map((version) => describeVersion(url, name, version)),
    nextLink: rest.length > size ? `${url}/secrets/${name}/versions?${query.toString()}` : null,
  });
}

function getVersion(context: Context, url: string, store: SecretStore) {
  const name = readName(context);
  const wanted = context.req.param('version');
  const versions = store.versions(name);
  const version = wanted === undefined ? versions.at(-1) : versions.find(({ id }) => id === wanted);
  if (version === undefined) throw secretNotFound(wanted === undefined ? name : `${name}/${wanted}`);
  if (!version.enabled) {
    const message = 'Operation get is not allowed on a disabled secret.';
    throw new VaultRefusal(403, 'Forbidden', message, { innerCode: 'SecretDisabled' });
  }
  return context.json(bundle(url, name, version));
}

async function changeVersion(context: Context, url: string, store: SecretStore) {
  const name = readName(context);
  const { attributes = {} } = await readBody(context, updateSchema);
  const id = context.req.param('version') ?? store.versions(name).at(-1)?.id ?? '';
  const version = store.change(name, id, attributes);
  if (version === undefined) throw secretNotFound(name);
  return context.json(describeVersion(url, name, version));
}

/** Without soft delete: what is deleted is gone at once, and its name free. */
function deleteSecret(context: Context, url: string, store: SecretStore) {
  const name = readName(context);
  const version = store.versions(name).at(-1);
  if (version === undefined) throw secretNotFound(name);
  store.remove(name);
  return context.json(describeVersion(url, name, version));
}

/** Key Vault's REST API for secrets, of which the `url` is the vault's own. */
export function createSecretRoutes(url: string, store: SecretStore): Hono {
  const routes = new Hono({ strict: false });
  routes.get('/:name/versions', (context) => listVersions(context, url, store));
  routes.get('/:name/:version?', (context) => getVersion(context, url, store));
  routes.put('/:name', async (context) => {
    const name = readName(context);
    const { value, attributes } = await readBody(context, setSchema);
    return context.json(bundle(url, name, store.add(name, value, attributes)));
  });
  routes.patch('/:name/:version?', (context) => changeVersion(context, url, store));
  routes.delete('/:name', (context) => deleteSecret(context, url, store));
  return routes;
}
