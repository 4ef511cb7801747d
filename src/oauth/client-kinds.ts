/**
 * How this server knows a client: it registered, its id is its document's URL, the operator listed it, or it is this
 * server's own page.
 */
export type ClientKind = 'registered' | 'document' | 'listed' | 'own';

/** What an id says of its client, whether or not there is one. Ids that are given out here are no URLs. */
export type KindOf = (clientId: string) => ClientKind;

export function createKindOf(options: { readonly own: string; readonly listed: readonly string[] }): KindOf {
  return function kindOf(clientId) {
    if (clientId === options.own) return 'own';
    if (options.listed.includes(clientId)) return 'listed';
    return clientId.startsWith('https://') ? 'document' : 'registered';
  };
}
