/** The stateless era: every request stands alone. */
export const modernVersion = '2026-07-28';
/** The era of the `initialize` handshake, newest first; served without sessions. */
const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26'] as const;

/** Every MCP revision served on the one endpoint, newest first. */
export const protocolVersions = [modernVersion, ...legacyVersions] as const;
