/** The media type of a request's body, lower-case, without its parameters. */
export function readMediaType(request: Request): string | undefined {
  return request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}
