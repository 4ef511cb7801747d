/** What of the library is used, named so that the package holds nothing else of it. Loaded with the first secret. */
export { SecretClient } from '@azure/keyvault-secrets';
