import type { AuthInfo } from '@modelcontextprotocol/server';
import type { McpExchange } from './context.ts';

/**
 * The exchange travels in the SDK's `authInfo.extra`, the one thing it passes through untouched. The token itself stays
 * behind, so that no tool can leak it.
 */
export function toAuthInfo(exchange: McpExchange): AuthInfo {
  const { clientId, scopes, expiresAt } = exchange.principal;
  return { token: '', clientId, scopes: [...scopes], expiresAt, extra: { exchange } };
}

/** The inverse of `toAuthInfo`. */
export function exchangeOf(authInfo: AuthInfo | undefined): McpExchange {
  return authInfo?.extra?.exchange as McpExchange;
}
