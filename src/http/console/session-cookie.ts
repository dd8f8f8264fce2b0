/**
 * In charge of the cookie that a session of the console lives in. Browsers send cookies to every port of a host, so its name
 * has the port; its path keeps it from the API and from SQL over HTTP, which know no cookies anyway.
 */
import type { FastifyReply, FastifyRequest } from "fastify";

const path = "/console";

/** Over TLS the name binds it to TLS. */
const nameOf = (host: string | undefined, secure: boolean): string => {
  const port = /:(\d{1,5})$/.exec(host ?? "")?.[1] ?? "default";
  return `${secure ? "__Secure-" : ""}postern_console_${port}`;
};

export function readSessionCookie({ headers }: FastifyRequest): string | undefined {
  const cookies = new Map(
    (headers.cookie ?? "").split("; ").map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
  return cookies.get(nameOf(headers.host, true)) ?? cookies.get(nameOf(headers.host, false));
}

/** A page of an https address gets one that never travels in the clear, whoever ends the encryption. */
export const isSecure = ({ headers }: FastifyRequest): boolean =>
  headers.origin?.startsWith("https://") ?? false;

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  secret: string,
  lifeSeconds: number,
): void {
  const secure = isSecure(request);
  const parts = [
    `${nameOf(request.headers.host, secure)}=${secret}`,
    `Path=${path}`,
    `Max-Age=${lifeSeconds}`,
    "HttpOnly",
    "SameSite=Strict",
    ...(secure ? ["Secure"] : []),
  ];
  reply.header("set-cookie", parts.join("; "));
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  setSessionCookie(request, reply, "", 0);
}
