/** A refusal with Key Vault's status, code and inner code. */
export class VaultRefusal extends Error {
  override readonly name = 'VaultRefusal';
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    { innerCode, headers = {} }: { innerCode?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
    this.headers = headers;
  }
}

/** `{"error":{"code","message"[,"innererror":{"code"}]}}` */
export function answerRefusal({ status, code, message, innerCode, headers }: VaultRefusal): Response {
  const error = { code, message, ...(innerCode !== undefined && { innererror: { code: innerCode } }) };
  return Response.json({ error }, { status, headers });
}

export function secretNotFound(name: string): VaultRefusal {
  return new VaultRefusal(
    404,
    'SecretNotFound',
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.`,
  );
}

export function badParameter(message: string): VaultRefusal {
  return new VaultRefusal(400, 'BadParameter', message);
}
