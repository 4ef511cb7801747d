/** What of the library is used, named so that the package holds nothing else of it. Loaded with the first token. */
export {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  ChainedTokenCredential,
  ManagedIdentityCredential,
} from '@azure/identity';
export { createDefaultHttpClient } from '@azure/core-rest-pipeline';
