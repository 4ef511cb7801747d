/** Whom verifiers of tests trust, for whom they answer, and the time that it is for them, in seconds. */
export const issuer = 'https://mcp.example.com';
export const authority = 'https://login.example.com';
export const api = '22222222-2222-4222-8222-222222222222';
export const tid = '11111111-1111-4111-8111-111111111111';
export const oid = '55555555-5555-4555-8555-555555555555';
export const time = 1_800_000_000;
export const now = () => time * 1_000;

/** Of this server's own tokens. */
export const ownClaims = {
  iss: issuer,
  aud: `${issuer}/mcp`,
  exp: time + 600,
  sub: `${tid}.${oid}`,
  tid,
  oid,
  client_id: 'own',
  scope: 'access_as_user',
  gid: 'grant',
};

const entraClaims = {
  iss: `${authority}/${tid}/v2.0`,
  aud: api,
  exp: time + 600,
  ver: '2.0',
  tid,
  oid,
  azp: 'at-entra',
};
/** Of Entra's token for a person. */
export const userClaims = { ...entraClaims, sub: 'pairwise', scp: 'access_as_user' };
/** Of Entra's token for an application. */
export const applicationClaims = { ...entraClaims, sub: oid, roles: ['Mcp.Invoke'], idtyp: 'app' };
