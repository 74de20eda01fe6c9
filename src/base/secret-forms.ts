/** Forms of tokens and keys, by which secrets are found in texts that are otherwise unknown. Pure. */

const FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  // JSON Web Token: three base64url parts, the first of which begins with {"
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /SharedAccessSignature\s+\S+/g,
  /\b(?:Bearer|Basic)\s+[\w+/.=~-]{8,}/g,
  // user and password within a URL
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+(?=@)/gi,
];
/** `name=value` and `name: value` in logs, with a secret name. */
const ASSIGNMENT =
  /\b(sig|\w*(?:secret|password|passwd|token|psk|api_?key|access_?key))(["']?\s*[=:]\s*["']?)([^\s"',;}]+)/gi;

/** Replaces everything in the text that has the form of a secret. */
export function withoutSecretForms(text: string, replacement: string): string {
  const clean = FORMS.reduce((rest, form) => rest.replace(form, replacement), text);
  return clean.replace(ASSIGNMENT, `$1$2${replacement}`);
}
