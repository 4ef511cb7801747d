/** What operators must be able to tell afterwards, of whom and of which client. */
export const auditActions = {
  sign_in: 'a person came back from Microsoft Entra',
  consent: 'a person let a client in, or did not; who, is known only after it',
  registration: 'a client registered itself',
  refresh: 'a client asked for new tokens with its refresh token',
  revocation: 'a client, or a person on `/auth/login`, ended a sign-in',
  refusal:
    'a caller was refused for its token, its code, its sign-in request or its origin, not for lacking a token',
} as const;

export interface AuditEvent {
  readonly action: keyof typeof auditActions;
  readonly outcome: 'success' | 'failure';
  /** `{tenant id}/{object id}`, where it is known for sure. */
  readonly user?: string | undefined;
  /** On a failure, which client the caller said that it is. */
  readonly client?: string | undefined;
  /** A code: why it failed, or what was special about it. */
  readonly reason?: string | undefined;
  /** How the client is known. */
  readonly clientKind?: string | undefined;
  /** Origin that the person is sent back to. */
  readonly backTo?: string | undefined;
}

/** A person, as log lines name them. */
export function nameUser({ tenantId, objectId }: { tenantId: string; objectId: string }): string {
  return `${tenantId}/${objectId}`;
}
