import { defineResource } from '../../src/mcp/resource.ts';
import { pixel } from './define-fixture.ts';

const description = 'Fixture of the conformance suite';

/** Resources by the URIs and with the contents that the suite prescribes. */
export const fixtureResources = [
  defineResource({
    name: 'static-text',
    title: 'Static text',
    description,
    mimeType: 'text/plain',
    uri: 'test://static-text',
    read: (_variables, _context, uri) => [
      { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }),
  defineResource({
    name: 'static-binary',
    title: 'Static binary',
    description,
    mimeType: 'image/png',
    uri: 'test://static-binary',
    read: (_variables, _context, uri) => [{ uri, mimeType: 'image/png', blob: pixel }],
  }),
  defineResource({
    name: 'template-data',
    title: 'Data by id',
    description,
    mimeType: 'application/json',
    uri: 'test://template/{id}/data',
    read: ({ id }, _context, uri) => [
      {
        uri,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      },
    ],
  }),
];
