import { errorCode } from "../runtime/errors.ts";

const REMEDIES: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    "Set this machine's clock, or have the server's certificate renewed",
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "Set api_root to a name that the server's certificate holds; a proxy on the way can be the cause",
  ],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+)$/,
    "If the server or a proxy on the way has a certificate of your own, name its authority's file in NODE_EXTRA_CA_CERTS; else somebody is between",
  ],
  [
    /^(ERR_SSL_\w+|EPROTO)$/,
    "Check that api_root is right: does the server speak TLS at that port? If it does not, it begins with http:",
  ],
];

/** What a person can do about a connection that could not be made; undefined where the error says it all. */
export function connectRemedy(error: unknown): string | undefined {
  const code = errorCode(error) ?? "";
  return REMEDIES.find(([codes]) => codes.test(code))?.[1];
}
