import { EventEmitter } from 'node:events';
import { trustCertificates } from '../../dev/trust.ts';

/** Runs before each test file: the shared vault's certificate is nobody's but the tests'. */
trustCertificates(process.env.TEST_KEY_VAULT_CERTIFICATE ?? '');

// oidc-provider looks for Node's dispatcher, which Jest's sandbox hides, and warns when there is none. What it would put
// in its place is never used: documents are fetched by src/oauth/metadata-document.ts.
Object.assign(globalThis, { [Symbol.for('undici.globalDispatcher.1')]: new EventEmitter() });
